"""What the tests of the ready-made plugins share: a plugin on two pipes, and TAP."""

import json
import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(os.environ.get("HALLEY_ROOT") or pathlib.Path(__file__).parents[4])
PLUGINS = ROOT / "contrib/plugins"
DEADLINE = 30

# As little as the daemon may have itself: a plugin that needs more fails here too.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}

tests = []


class Missing(Exception):
    """A tool that can't be had."""


def test(sentence):
    def add(function):
        tests.append((sentence, function))
        return function
    return add


def run():
    """Runs all tests and prints TAP. A test takes a scratch directory if it has a parameter."""
    print(f"1..{len(tests)}", flush=True)
    failed = False
    for number, (sentence, function) in enumerate(tests, 1):
        try:
            with tempfile.TemporaryDirectory(prefix="h") as scratch:
                arguments = [pathlib.Path(scratch).resolve()]
                function(*arguments[:function.__code__.co_argcount])
            print(f"ok {number} - {sentence}", flush=True)
        except Missing as missing:
            print(f"# {missing}", flush=True)
            sys.exit(77)
        except Exception:
            failed = True
            print(f"not ok {number} - {sentence}")
            print(re.sub("^", "# ", traceback.format_exc().rstrip(), flags=re.M), flush=True)
    sys.exit(1 if failed else 0)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {repr(found)[:2000]}, expected {repr(expected)[:2000]}")


def wait_for(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {what}")
        time.sleep(0.01)


def has_ended(pid):
    """Whether a process is gone, or a zombie that nobody has waited for yet."""
    return not os.path.exists(f"/proc/{pid}/cwd")


class Plugin:
    """A plugin that runs. Leaving it closes its input and expects a quiet end."""

    def __init__(self, name, *arguments, environment=None, command=None):
        self.process = subprocess.Popen(
            [*(command or [PLUGINS / name]), *arguments], cwd="/",
            env={**ENVIRONMENT, **(environment or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0, start_new_session=True)
        self.buffer = b""
        self.identifier = 0
        self.log = b""
        self.logger = threading.Thread(target=self.read_log, daemon=True)
        self.logger.start()

    def read_log(self):
        while True:
            data = self.process.stderr.read(65536)
            if not data:
                return
            self.log += data

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.process.stdin.close()
            status = self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.process.wait()
        self.logger.join(DEADLINE)
        if kind is None:
            equal(status, 0)

    def write(self, data):
        """Writes bytes. Longer ones than a pipe holds need a plugin that reads on."""
        while data:
            data = data[self.process.stdin.write(data):]

    def line(self):
        end = time.monotonic() + DEADLINE
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            data = self.process.stdout.read(65536) if ready else b""
            if not data:
                raise AssertionError(f"no answer; stderr: {self.log.decode(errors='replace')}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def message(self):
        return json.loads(self.line())

    def tell(self, line):
        self.write(line.encode() + b"\n" if isinstance(line, str) else line + b"\n")

    def send(self, method, params):
        self.identifier += 1
        message = {"jsonrpc": "2.0", "id": self.identifier, "method": method, "params": params}
        self.tell(json.dumps(message, ensure_ascii=False))
        return self.identifier

    def ask(self, method, params):
        """The answer to a request, after which nothing else came."""
        identifier = self.send(method, params)
        answer = self.message()
        equal(answer["jsonrpc"], "2.0")
        equal(answer["id"], identifier)
        return answer

    def result(self, method, params):
        answer = self.ask(method, params)
        if "result" not in answer:
            raise AssertionError(f"found {answer}, expected a result")
        return answer["result"]


def hook_params(**members):
    client = {"name": "test", "pid": os.getpid(), "uid": os.getuid()}
    return {"request_id": "req-1", "client": client, **members}


def survives_broken_lines(plugin, method, params):
    """Every line that is no request of the protocol is answered so, and the next one is served."""
    for line, code in (("{", -32700), ("garbage", -32700), ('"text"', -32600), ("[1]", -32600),
                       (b'"\xff\xfe"', None), ("[" * 100_000, -32700), ("{}" * 2, -32700)):
        plugin.tell(line)
        answer = plugin.message()
        equal(answer["id"], None)
        if code is not None:
            equal(answer["error"]["code"], code)
    plugin.tell('{"jsonrpc":"2.0","method":"notifications/unknown"}')
    answer = plugin.ask("hooks/unknown", {})
    equal(answer["error"]["code"], -32601)
    return plugin.result(method, params)
