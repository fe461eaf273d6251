"""Chromium without a window, driven by WebDriver (https://www.w3.org/TR/webdriver2/) over plain HTTP.

Needs the Debian packages chromium and chromium-driver. Waits are for what the page shows, asked again in short turns
and never longer than `patience`.
"""

import base64
import http.client
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

import processes

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 30
KEYS = {"tab": "\ue004", "enter": "\ue007", "escape": "\ue00c", "shift": "\ue008", "space": " ", "right": "\ue014"}


class Browser:
    """One window with a profile of its own. Any certificate is taken: the tests make theirs.

    size    of the window, in CSS pixels
    dark    whether the page is told that its reader prefers dark colours
    """

    def __init__(self, size=(1280, 900), dark=False, patience=PATIENCE):
        self._patience = patience
        self._profile = pathlib.Path(tempfile.mkdtemp(prefix="two-path-browser-"))
        self._driver = self._start_driver()
        arguments = ["--headless=new", f"--user-data-dir={self._profile}", f"--window-size={size[0]},{size[1]}",
                     "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                     "--disable-background-networking", "--disable-component-update", "--hide-scrollbars"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium makes none as root
        wanted = {"acceptInsecureCerts": True, "goog:loggingPrefs": {"browser": "ALL"},
                  "goog:chromeOptions": {"args": arguments}}
        try:
            opened = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        except BaseException:
            self._end_driver()
            raise
        self._session = f"/session/{opened['sessionId']}"
        scheme = "dark" if dark else "light"
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.devtools("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1,
                      mobile=size[0] < 600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self._ask("DELETE", self._session)
        finally:
            self._end_driver()

    # What a person does

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    def press(self, *keys):
        """Presses keys by name, `shift+tab` too, or types a text, into what has the focus."""
        actions = []
        for key in keys:
            shifted = key == "shift+tab"
            typed = [KEYS["tab"]] if shifted else [KEYS[key]] if key in KEYS else list(key)
            if shifted:
                actions.append({"type": "keyDown", "value": KEYS["shift"]})
            for one in typed:
                actions += [{"type": "keyDown", "value": one}, {"type": "keyUp", "value": one}]
            if shifted:
                actions.append({"type": "keyUp", "value": KEYS["shift"]})
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector):
        self._do("POST", f"/element/{self._find(selector)}/click", {})

    # What a person sees

    def text(self, selector="body"):
        """The visible text of the first element, empty when there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def focused(self):
        """The text of what has the focus, or its id."""
        return self.run("const e = document.activeElement; return e.innerText?.trim() || e.id || e.tagName")

    def wait_for(self, condition, what):
        """Until `condition()` is true; gives what it gave."""
        end = time.monotonic() + self._patience
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"the page does not show {what}:\n{self.text()}\n{self.messages()}")

    def wait_for_text(self, text, selector="body"):
        self.wait_for(lambda: text in self.text(selector), f"`{text}` in {selector}")

    def run(self, script, *arguments):
        return self._do("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """The script calls its last argument with what it gives."""
        return self._do("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def messages(self):
        """What the browser has told the page's maker since the last call, violations of its policy among it."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"})]

    def devtools(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._do("GET", "/screenshot")))

    # Inner workings

    def _start_driver(self):
        driver = processes.popen(["chromedriver", "--port=0", "--allowed-ips=127.0.0.1"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env={**os.environ, "HOME": str(self._profile), "TMPDIR": str(self._profile)})
        os.set_blocking(driver.stdout.fileno(), False)
        said, end = b"", time.monotonic() + PATIENCE
        while b"successfully on port " not in said or not said.endswith(b"\n"):
            left = end - time.monotonic()
            ready, _, _ = select.select([driver.stdout], [], [], max(left, 0))
            part = driver.stdout.read() if ready else b""
            if not part:
                processes.stop(driver)
                raise RuntimeError(f"chromedriver did not start: {said.decode(errors='replace')}")
            said += part
        self._port = int(said.split(b"successfully on port ")[1].split(b".")[0])
        return driver

    def _end_driver(self):
        processes.stop(self._driver)
        self._driver.stdout.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _find(self, selector):
        return self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def _do(self, method, path, body=None):
        return self._ask(method, self._session + path, body)

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(answer, dict) and "error" in answer and "message" in answer:
            raise AssertionError(f"{method} {path}: {answer['message']}")
        return answer
