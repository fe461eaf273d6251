"""nginx as it serves files over HTTPS: one worker, TLS 1.3, sendfile, one cipher."""

import os
import pathlib
import threading

import processes
import unpacked

CIPHERS = {"aes256gcm": "TLS_AES_256_GCM_SHA384", "chacha20": "TLS_CHACHA20_POLY1305_SHA256"}
CONFIGURATION = """
daemon off; {user}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port} ssl; root {root};
        ssl_certificate {certificate}; ssl_certificate_key {key};
        ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {suite};
    }}
}}
"""


def program():
    return unpacked.unpacked("nginx") / "usr/sbin/nginx"


class Nginx:
    """Serves the files below `root`. `worker`: the pid of the process that does it."""

    def __init__(self, folder, root, port, certificate, key, cipher):
        folder.mkdir()
        self._folder = folder
        configuration = folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(
            user="user root; " if os.getuid() == 0 else "", folder=folder, root=root, port=port,
            certificate=certificate, key=key, suite=CIPHERS[cipher]))
        self.url = f"https://127.0.0.1:{port}"
        self._master = processes.popen([program(), "-c", configuration, "-p", folder])
        self.worker = self._wait_for_worker()

    def _wait_for_worker(self):
        children = pathlib.Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children")
        for _ in range(500):
            found = children.read_text().split() if (self._folder / "nginx.pid").exists() else []
            if found:
                return int(found[0])
            threading.Event().wait(0.01)  # nginx tells nobody that it is ready
        self.stop()
        raise RuntimeError("nginx did not start:\n" + (self._folder / "nginx.log").read_text())

    def stop(self):
        processes.stop(self._master)
