"""A daemon of its own with the HTTP face, in front of a simulator, and raw clients of its WebSocket."""

import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import tempfile
import threading
import urllib.request

from daemon import Daemon
from harness import DEADLINE, equal

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Face(Daemon):
    """A simulator, and a daemon that serves HTTP. Without a table [cache] in `rest` nothing is cached."""

    def __init__(self, rest="", upstream=""):
        self.home = tempfile.mkdtemp(prefix="hh")
        cache = "" if "[cache]" in rest else "[cache]\nenabled = false\n"
        super().__init__(self.home, "api_key = { none = true }\n"
                         f'{upstream}[http]\nlisten = ["127.0.0.1:0"]\n{rest}{cache}')
        self.http = self.directory / "http.sock"

    def __enter__(self):
        super().__enter__()
        address = self.result("http.info")["listening"][0]["address"]
        self.port = int(address.rsplit(":", 1)[1])
        return self

    def listens(self):
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.http)) == 0

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.home)

    def connect(self, port=None):
        connection = socket.socket(socket.AF_INET if port else socket.AF_UNIX)
        connection.settimeout(DEADLINE)
        connection.connect(("127.0.0.1", port) if port else str(self.http))
        return connection

    def result(self, method, **params):
        """The result of a method of the Unix socket with lines."""
        return self.ask(method, params)["result"]

    def forward(self):
        """A port that leads to the Unix socket, for clients that know none; no token is needed."""
        listener = socket.create_server(("127.0.0.1", 0))

        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                source.close()
                target.close()

        def serve():
            while True:
                near, _ = listener.accept()
                far = self.connect()
                far.settimeout(None)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    def simulated(self, what):
        with urllib.request.urlopen(f"{self.url}/_simulator/{what}", timeout=DEADLINE) as answer:
            return json.load(answer)

    def count(self, what):
        return self.simulated("stats")[what]

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)


def pack(message, opcode=TEXT, final=True, masked=True, reserved=0):
    """A frame as a client sends it."""
    data = message if isinstance(message, bytes) else \
        (message if isinstance(message, str) else json.dumps(message)).encode()
    size = len(data)
    head = bytes([final << 7 | reserved << 4 | opcode])
    marked = 0x80 if masked else 0
    if size < 126:
        head += bytes([marked | size])
    elif size < 65536:
        head += struct.pack("!BH", marked | 126, size)
    else:
        head += struct.pack("!BQ", marked | 127, size)
    if masked:
        mask = os.urandom(4)
        head += mask
        number = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        data = (int.from_bytes(data, "big") ^ number).to_bytes(size, "big")
    return head + data


class Refused(Exception):
    """A handshake that did not lead to a WebSocket."""

    def __init__(self, status, head, body):
        super().__init__(f"{status}: {head} {body}")
        self.status, self.head, self.body = status, head, body


class Socket:
    """A client of a WebSocket that knows no more than the standard (RFC 6455)."""

    def __init__(self, face, path="/v1/responses", early=b"", port=None, **fields):
        self.connection = face.connect(port)
        key = base64.b64encode(os.urandom(16)).decode()
        head = {"Host": f"127.0.0.1:{port}" if port else "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
        head.update({name.replace("_", "-"): value for name, value in fields.items()})
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value is not None)
        self.connection.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() + early)
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.head = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if self.status != 101:
            body = self.take(int(self.head["content-length"]))
            raise Refused(self.status, self.head, json.loads(body) if body else None)
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        equal(self.head["sec-websocket-accept"], base64.b64encode(digest).decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def more(self):
        data = self.connection.recv(65536)
        if not data:
            raise EOFError(self.buffer)
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def send(self, message, opcode=TEXT, **bits):
        self.connection.sendall(pack(message, opcode, **bits))

    def frame(self):
        first, second = self.take(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
        equal((first & 0x70, second & 0x80, first & 0x80), (0, 0, 0x80))
        return first & 0x0F, self.take(size)

    def event(self):
        """The next message; pings are answered on the way."""
        while True:
            opcode, data = self.frame()
            if opcode == TEXT:
                return json.loads(data)
            equal(opcode, PING)
            self.send(data, PONG)

    def closed(self):
        """The code of the close frame that comes next, and that nothing comes behind it."""
        opcode, data = self.frame()
        equal(opcode, CLOSE)
        self.send(data, CLOSE)
        equal((self.buffer, self.connection.recv(1)), (b"", b""))
        return int.from_bytes(data[:2], "big") if data else None

    def create(self, text="Hi", metadata=None, **members):
        self.send({"type": "response.create", "model": "gpt-5.4", "input": text,
                   "metadata": metadata or {"text": "ok"}, **members})

    def events(self, lane=None):
        """All events of a response, with those of another lane left for later."""
        events = []
        while not events or events[-1]["type"] not in (
                "response.completed", "response.incomplete", "response.failed", "error"):
            event = self.event()
            equal(event.get("stream_id"), lane)
            events.append(event)
        return events

    def response(self, text="Hi", metadata=None, **members):
        """The response that a create comes to."""
        self.create(text, metadata, **members)
        end = self.events(members.get("stream_id"))[-1]
        if end["type"] != "response.completed":
            raise AssertionError(f"found {end}")
        return end["response"]

    def error(self, text="Hi", metadata=None, **members):
        """The error that a create comes to."""
        self.create(text, metadata, **members)
        end = self.events(members.get("stream_id"))
        equal([event["type"] for event in end], ["error"])
        return end[0]
