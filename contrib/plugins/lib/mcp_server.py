"""A Model Context Protocol server over stdio for tools that answer with text.

It speaks both kinds of the protocol: with a handshake, up to version 2025-11-25, and stateless, as
of 2026-07-28. Every call runs in a process of its own, whose standard output is the result: a call
can be cancelled at any time, has a deadline, and can't harm the next one.
"""

import json
import os
import resource
import selectors
import signal
import sys
import time
from collections import deque

from linux import end_with_parent

HANDSHAKE_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
STATELESS_VERSIONS = ["2026-07-28"]
META = "io.modelcontextprotocol/"

# JSON makes a byte six at most, so a result fits into the daemon's line of 1 MiB.
LONGEST_TEXT = 64 << 10
LONGEST_LINE = 1 << 20
LONGEST_CALL = 50.0
MOST_CALLS = 8
# How often a call that runs says so to who asked for its progress.
TICK = 1.0

TYPES = {"string": str, "integer": int, "boolean": bool}


class Refusal(Exception):
    """What a tool answers instead of its result."""


class Tool:
    """A function that prints its result. A parameter is (type, description[, default])."""

    def __init__(self, function, description, parameters):
        self.name, self.function, self.parameters = function.__name__, function, parameters
        self.definition = {
            "name": self.name, "description": description,
            "inputSchema": {
                "type": "object", "additionalProperties": False,
                "properties": {name: self.schema(*rest) for name, rest in parameters.items()},
                "required": [name for name, rest in parameters.items() if len(rest) == 2]},
            "annotations": {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}}

    @staticmethod
    def schema(kind, description, *default):
        schema = {"type": kind, "description": description}
        if kind == "integer":
            schema["minimum"] = 1
        if default:
            schema["default"] = default[0]
        return schema

    def complete(self, arguments):
        """All arguments, with defaults for those that are not given."""
        if not isinstance(arguments, dict):
            raise Refusal("arguments: expected an object")
        for name in arguments:
            if name not in self.parameters:
                raise Refusal(f"{name}: no such argument; there are {', '.join(self.parameters)}")
        complete = {}
        for name, (kind, _, *default) in self.parameters.items():
            if name not in arguments and not default:
                raise Refusal(f"{name}: missing, expected a value of type {kind}")
            value = arguments.get(name, *default)
            if type(value) is not TYPES[kind] or kind == "integer" and value < 1:
                expected = "an integer of at least 1" if kind == "integer" else f"a {kind}"
                raise Refusal(f"{name}: found {json.dumps(value)[:80]}, expected {expected}")
            complete[name] = value
        return complete


class Call:
    """A call that waits or runs."""

    def __init__(self, identifier, tool, arguments, token, is_stateless):
        self.identifier, self.tool, self.arguments = identifier, tool, arguments
        self.token, self.is_stateless = token, is_stateless
        self.pid = 0
        self.started = 0.0
        self.collected = {}
        self.is_cancelled = self.is_late = self.is_cut = False

    def start(self):
        """Forks. The ends of the pipes that are left to this process are the collected ones."""
        output, errors = os.pipe(), os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            self.run(output[1], errors[1], parent)
        os.close(output[1])
        os.close(errors[1])
        self.started = time.monotonic()
        self.output, self.errors = bytearray(), bytearray()
        self.collected = {output[0]: self.output, errors[0]: self.errors}

    def run(self, output, errors, parent):
        status = 1
        try:
            for number in (signal.SIGTERM, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            end_with_parent(parent)
            seconds = int(LONGEST_CALL) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(errors, 2)
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
            self.tool.function(**self.arguments)
            sys.stdout.flush()
            status = 0
        except Refusal as refusal:
            os.write(2, str(refusal).encode(errors="backslashreplace"))
        except Exception as error:
            os.write(2, f"{type(error).__name__}: {error}".encode(errors="backslashreplace"))
        finally:
            os._exit(status)

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def result(self, status):
        text = bytes(self.output[:LONGEST_TEXT])
        if self.is_late:
            return f"took longer than {LONGEST_CALL:.0f} s, and was ended", True
        if self.is_cut:
            # A character that the cut went through is left out.
            return text.decode(errors="ignore") + f"\n[cut after {LONGEST_TEXT} bytes]", False
        if status != 0:
            errors = self.errors[:4096].decode(errors="replace").strip()
            return errors or f"{self.tool.name} ended with status {status}", True
        return text.decode(errors="replace"), False


class Server:
    """Reads requests from standard input and answers them on standard output."""

    def __init__(self, name, version, instructions, tools):
        self.identity = {"name": name, "version": version}
        self.instructions = instructions
        self.tools = {tool.name: tool for tool in tools}
        self.calls, self.waiting = {}, deque()
        self.selector = selectors.DefaultSelector()
        self.input, self.is_open = b"", True

    def serve(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        self.selector.register(0, selectors.EVENT_READ)
        next_tick = 0.0
        try:
            # What was asked before the end of the input is answered.
            while self.is_open or self.calls:
                for key, _ in self.selector.select(TICK if self.calls else None):
                    if key.fd == 0:
                        self.read_input()
                    else:
                        self.collect(key.data, key.fd)
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + TICK
                    self.tick()
        finally:
            for call in self.calls.values():
                call.end()

    def read_input(self):
        data = os.read(0, 1 << 16)
        *lines, self.input = (self.input + data).split(b"\n")
        if not data:
            self.is_open = False
            self.selector.unregister(0)
        for line in lines:
            if line.strip():
                self.receive(line)
        if len(self.input) > LONGEST_LINE:
            sys.exit(f"{self.identity['name']}: a line is longer than {LONGEST_LINE} bytes")

    def receive(self, line):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return self.fail(None, -32700, "not JSON")
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            return self.fail(None, -32600, "not a request")
        params = message.get("params", {})
        identifier = message.get("id")
        if "id" not in message:
            if message["method"] == "notifications/cancelled" and isinstance(params, dict):
                self.cancel(params.get("requestId"))
        elif type(identifier) not in (str, int) or identifier in self.calls:
            self.fail(None, -32600, "id: expected a text or an integer that is not in use")
        elif not isinstance(params, dict) or not isinstance(params.get("_meta", {}), dict):
            self.fail(identifier, -32602, "params, params._meta: expected objects")
        else:
            self.request(identifier, message["method"], params)

    def request(self, identifier, method, params):
        meta = params.get("_meta", {})
        version = meta.get(META + "protocolVersion")
        is_stateless = version is not None or method == "server/discover"
        if version is not None and version not in STATELESS_VERSIONS:
            return self.fail(identifier, -32022, f"protocol version {version} is not supported",
                             {"supported": STATELESS_VERSIONS, "requested": version})
        if method == "tools/call":
            return self.call(identifier, params, meta.get("progressToken"), is_stateless)
        if method == "tools/list" and params.get("cursor") is not None:
            return self.fail(identifier, -32602, "cursor: there is one page")
        result = self.result(method, params.get("protocolVersion"), is_stateless)
        if result is None:
            return self.fail(identifier, -32601, f"no method {method}")
        return self.succeed(identifier, result, is_stateless)

    def result(self, method, version, is_stateless):
        about = {"capabilities": {"tools": {}}, "instructions": self.instructions}
        # For how long a client may keep the answer: the tools are the program's own.
        keep = {"ttlMs": 3_600_000, "cacheScope": "public"} if is_stateless else {}
        if method == "tools/list":
            return {"tools": [tool.definition for tool in self.tools.values()], **keep}
        if method == "server/discover":
            return {"supportedVersions": STATELESS_VERSIONS, **about, **keep}
        if method == "initialize" and not is_stateless:
            known = version if version in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[0]
            return {"protocolVersion": known, "serverInfo": self.identity, **about}
        return {} if method == "ping" and not is_stateless else None

    def call(self, identifier, params, token, is_stateless):
        tool = self.tools.get(params.get("name")) if isinstance(params.get("name"), str) else None
        if tool is None:
            return self.fail(identifier, -32602, f"no tool {json.dumps(params.get('name'))[:80]}")
        try:
            arguments = tool.complete(params.get("arguments", {}))
        except Refusal as refusal:
            return self.succeed(identifier, text_result(str(refusal), True), is_stateless)
        call = Call(identifier, tool, arguments, token, is_stateless)
        self.calls[identifier] = call
        self.waiting.append(call)
        return self.start_calls()

    def start_calls(self):
        while self.waiting and len(self.calls) - len(self.waiting) < MOST_CALLS:
            call = self.waiting.popleft()
            call.start()
            for fd in call.collected:
                self.selector.register(fd, selectors.EVENT_READ, call)

    def collect(self, call, fd):
        data = os.read(fd, 1 << 16)
        if len(call.collected[fd]) <= LONGEST_TEXT:
            call.collected[fd] += data
        if len(call.output) > LONGEST_TEXT and not call.is_cut:
            call.is_cut = True
            call.end()
        if data:
            return
        self.selector.unregister(fd)
        os.close(fd)
        del call.collected[fd]
        if not call.collected:
            self.finish(call)

    def finish(self, call):
        status = os.waitstatus_to_exitcode(os.waitpid(call.pid, 0)[1])
        call.pid = 0
        del self.calls[call.identifier]
        if not call.is_cancelled:
            result = text_result(*call.result(status))
            self.succeed(call.identifier, result, call.is_stateless)
        self.start_calls()

    def cancel(self, identifier):
        call = self.calls.get(identifier) if type(identifier) in (str, int) else None
        if call in self.waiting:
            self.waiting.remove(call)
            del self.calls[identifier]
        elif call:
            call.is_cancelled = True
            call.end()

    def tick(self):
        now = time.monotonic()
        for call in self.calls.values():
            if not call.pid:
                continue
            if now - call.started > LONGEST_CALL:
                call.is_late = True
                call.end()
            elif call.token is not None and not call.is_cancelled and now - call.started >= TICK:
                params = {"progressToken": call.token, "progress": round(now - call.started, 3),
                          "message": f"{call.tool.name}: {len(call.output)} bytes so far"}
                self.send({"method": "notifications/progress", "params": params})

    def succeed(self, identifier, result, is_stateless):
        if is_stateless:
            meta = {META + "serverInfo": self.identity}
            result = {"resultType": "complete", **result, "_meta": meta}
        self.send({"id": identifier, "result": result})

    def fail(self, identifier, code, message, data=None):
        error = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self.send({"id": identifier, "error": error})

    @staticmethod
    def send(message):
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False) + "\n"
        sys.stdout.buffer.write(line.encode(errors="backslashreplace"))
        sys.stdout.buffer.flush()


def text_result(text, is_error):
    result = {"content": [{"type": "text", "text": text}]}
    return {**result, "isError": True} if is_error else result
