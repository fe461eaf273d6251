"""Bearer tokens as an attacker may have them, made with the embedded host's own key where that makes them better."""

import base64
import json
import pathlib
import subprocess
import tempfile


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def unsigned(token):
    """The same claims, `alg` none (RFC 7515, section 8)."""
    return f'{_part({"alg": "none", "typ": "JWT"})}.{_part(claims_of(token))}.'


def altered(token, **claims):
    """Other claims under the same signature."""
    head, _, signature = token.split(".")
    return f"{head}.{_part({**claims_of(token), **claims})}.{signature}"


def signed(key, token, **claims):
    """Other claims, well signed with the private key in the file `key`."""
    content = f'{token.split(".")[0]}.{_part({**claims_of(token), **claims})}'
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "content"
        file.write_text(content)
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", file], check=True,
                                   capture_output=True).stdout
    return f"{content}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
