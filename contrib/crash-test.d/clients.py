"""The clients of crash-test: each asks one question after the other and notes what it saw."""

import json
import socket
import threading
import time

CONVERSATIONS = ("crash/one", "crash/two", "crash/three")
CALLS = 4


class Gone(Exception):
    """The daemon has closed the connection, as it does when it is killed."""


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        try:
            self.socket.connect(path)
        except OSError as error:
            self.socket.close()
            raise Gone from error
        self.buffer = b""
        self.number = 0

    def close(self):
        self.socket.close()

    def send(self, method, params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        try:
            self.socket.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Gone from error
        return self.number

    def line(self):
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(1 << 16)
            except (ConnectionError, BrokenPipeError) as error:
                raise Gone from error
            if not data:
                raise Gone
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def call(self, method, params):
        number = self.send(method, params)
        while True:
            line = self.line()
            message = json.loads(line)
            if message.get("id") == number:
                return message, line


class Turn:
    """One create as its client saw it."""

    def __init__(self, text, conversation, params):
        self.text = text
        self.conversation = conversation
        self.params = params
        self.id = None
        self.deltas = []
        self.terminal = None
        self.result = None
        self.error = None
        # When its daemon was killed.
        self.killed = 0.0

    @property
    def is_acknowledged(self):
        return self.terminal is not None or self.result is not None

    def see(self, event):
        response = event.get("response")
        if response and self.id is None:
            self.id = response["id"]
        if event["type"] == "response.output_text.delta":
            self.deltas.append((time.monotonic(), event["delta"]))
        if event["type"] in ("response.completed", "response.incomplete", "response.failed"):
            self.terminal = response

    def end(self, message):
        self.error = message.get("error")
        self.result = message.get("result")
        if self.result:
            self.result.pop("halley", None)
            self.id = self.result["id"]


class Client(threading.Thread):
    """Asks one question after the other until the daemon is gone."""

    def __init__(self, kind, path, numbers, choices, tolerated=()):
        super().__init__(daemon=True)
        self.tolerated = tolerated
        self.refusals = 0
        self.kind, self.path, self.numbers, self.random = kind, path, numbers, choices
        self.turns = []
        self.problem = None

    def run(self):
        try:
            connection = Connection(self.path)
            previous = None
            while True:
                turn = self.turn(previous)
                self.turns.append(turn)
                self.ask(connection, turn)
                if turn.error and turn.error["data"]["code"] in self.tolerated:
                    self.refusals += 1
                    time.sleep(0.02)
                    continue
                if turn.error:
                    self.problem = f"{turn.text}: {turn.error}"
                    return
                previous = turn.id
        except Gone:
            return
        except Exception as error:  # A thread's end is looked at by the main thread.
            self.problem = repr(error)

    def turn(self, previous):
        number = next(self.numbers)
        text = f"{self.kind}-{number}"
        params = {"model": "gpt-5.4", "input": text, "stream": True}
        conversation = None
        words = self.random.randint(3, 40)
        if self.kind == "conversation":
            conversation = self.random.choice(CONVERSATIONS)
            params["conversation"] = conversation
        elif self.kind == "chain" and previous:
            params["previous_response_id"] = previous
        elif self.kind == "slow":
            words = 80
            params["halley"] = {"on_disconnect": "finish"}
        elif self.kind == "key":
            params["halley"] = {"idempotency_key": text}
        elif self.kind == "background":
            params["background"] = True
        elif self.kind == "tools":
            params["halley"] = {"tools": ["echo.*"]}
            params["input"] = " ".join(
                f'call echo__say {{"n":{number + call}}}' for call in range(CALLS))
        # The API allows values of 512 characters.
        answer = " ".join(f"{number}.{word}" for word in range(words))[:512]
        params["metadata"] = {"text": answer, "rate": "20" if self.kind == "slow" else "0"}
        return Turn(text, conversation, params)

    @staticmethod
    def ask(connection, turn):
        number = connection.send("responses.create", turn.params)
        while True:
            message = json.loads(connection.line())
            if message.get("method") == "responses.event":
                turn.see(message["params"]["event"])
            elif message.get("id") == number:
                return turn.end(message)
