"""Chromium without a window, driven over the pipe of its DevTools protocol, with what it complained
about and whom it asked."""

import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

from harness import DEADLINE, Missing

# Where the page breaks its policy it says so here, before any script of its own runs.
LISTENER = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
# Nothing of Chromium's own goes out while a test looks at what the page asks for.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", "--no-first-run", "--disable-gpu",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio", "--headless=new"]
KEYS = {"Tab": 9, "Enter": 13, "Space": 32, "Escape": 27}


class Browser:
    """One tab. Leaving it ends the browser and all that it started."""

    def __init__(self, width=1100, height=900):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise Missing("needs chromium")
        self.size = (width, height)
        self.directory = tempfile.TemporaryDirectory(prefix="hc", dir="/tmp")
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        # bash puts them at 3 and 4, so they must not stand there now.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (commands, answers)]
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "-", program, *QUIET, *as_root,
             f"--user-data-dir={self.directory.name}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=ends, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(pathlib.Path(self.directory.name) / "log", "wb"), start_new_session=True)
        for end in (commands, answers, *ends):
            os.close(end)
        self.buffer = b""
        self.identifier = 0
        self.session = None
        self.forget()
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits", "DOM"):
            self.tell(f"{domain}.enable")
        self.tell("Page.addScriptToEvaluateOnNewDocument", source=LISTENER)
        self.resize(width, height)

    def forget(self):
        """Starts to collect anew."""
        self.complaints = []
        self.requests = []
        self.loads = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.commands)
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.answers)
        self.directory.cleanup()

    # ---- The protocol: JSON, each message ended by NUL ----

    def tell(self, method, **params):
        self.identifier += 1
        message = {"id": self.identifier, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        while True:
            answer = self.message(time.monotonic() + DEADLINE)
            if answer.get("id") == self.identifier:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def message(self, end):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            data = os.read(self.answers, 1 << 16) if ready else b""
            if not data:
                log = (pathlib.Path(self.directory.name) / "log").read_text(errors="replace")
                raise AssertionError(f"no answer of chromium: {log[-2000:]}")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        self.collect(message.get("method"), message.get("params"))
        return message

    def collect(self, method, params):
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console: {params['args']}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(f"exception: {params['exceptionDetails']}")
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"log: {params['entry']}")
        elif method == "Audits.issueAdded":
            self.complaints.append(f"issue: {params['issue']}")
        elif method == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {params['message']}")
        elif method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    # ---- What a person does ----

    def open(self, address):
        self.loads = 0
        self.tell("Page.navigate", url=address)
        end = time.monotonic() + DEADLINE
        while not self.loads:
            self.message(end)

    def resize(self, width, height=None):
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height or self.size[1],
                  deviceScaleFactor=1, mobile=False)

    def prefer(self, **features):
        """As in `prefers-color-scheme`, with underscores."""
        self.tell("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def press(self, key, shift=False):
        text = {"Enter": "\r", "Space": " "}.get(key)
        common = {"key": " " if key == "Space" else key, "code": key, "modifiers": 8 if shift else 0,
                  "windowsVirtualKeyCode": KEYS[key]}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.tell("Input.dispatchKeyEvent", **down, **common)
        self.tell("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path):
        """A PNG of the whole page, however long it is."""
        size = self.tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        data = self.tell("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))

    # ---- What a person sees ----

    def value(self, expression):
        answer = self.tell("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, what):
        end = time.monotonic() + DEADLINE
        while not self.value(expression):
            if time.monotonic() > end:
                text = self.value("document.body.innerText")
                raise AssertionError(f"not within {DEADLINE} s: {what}\n{text[:3000]}\n"
                                     f"{self.complaints}")
            time.sleep(0.05)

    def text(self):
        return self.value("document.body.innerText")
