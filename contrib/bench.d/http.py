#!/usr/bin/env python3
"""http.py PROGRAMS [ROUNDS [EVENTS]] - measures what the HTTP face costs beside the lines of the
Unix socket, and prints Markdown tables: the time to a response's first event, and the daemon's
processor time for an event, as lines, as HTTP and as chunks of a chat completion. The ways take
turns, so that the machine is the same for all of them. PROGRAMS is where halleyd is."""

import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from cancel import await_listener, run, serve  # noqa: E402

LAST_CHUNK = b"0\r\n\r\n"
ASKED = {"model": "bench", "input": "Hi", "store": False, "stream": True}
CHAT = {"model": "bench", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


class Way:
    """One connection, and how it asks."""

    def __init__(self, family, address, frame, end, body=ASKED, mark=b"response.created"):
        self.connection = socket.socket(family)
        self.connection.connect(address)
        if family == socket.AF_INET:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frame, self.end, self.body, self.mark = frame, end, body, mark

    def ask(self, **members):
        """The seconds until the first event, when all has come."""
        request = self.frame({**self.body, **members})
        received = b""
        begun = time.perf_counter()
        self.connection.sendall(request)
        while self.mark not in received:
            received += self.read()
        took = time.perf_counter() - begun
        while self.end not in received:
            received = received[-64:] + self.read()
        return took

    def read(self):
        received = self.connection.recv(1 << 18)
        if not received:
            sys.exit("http.py: the daemon hung up")
        return received


def line(params):
    request = {"jsonrpc": "2.0", "id": 1, "method": "responses.create", "params": params}
    return json.dumps(request, separators=(",", ":")).encode() + b"\n"


def http(path, host, token):
    def frame(body):
        content = json.dumps(body, separators=(",", ":")).encode()
        return (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                ).encode() + content
    return frame


def processor_time(pid):
    """Of all threads, in seconds."""
    return sum(int(path.read_text().split()[0]) for path in
               pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


@contextlib.contextmanager
def stage(directory, programs):
    """A daemon that serves both faces before a fast upstream: its pid, and its ways by name."""
    path = directory.joinpath
    run("cc", "-O2", "-o", str(path("upstream")),
        str(pathlib.Path(__file__).with_name("upstream.c")))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("HALLEY_")}
    with contextlib.ExitStack() as servers:
        upstream = servers.enter_context(
            serve("upstream", path("upstream"), stdout=subprocess.PIPE, text=True))
        path("config.toml").write_text(
            'default_upstream = "bench"\n[upstreams.bench]\napi_key = { none = true }\n'
            f'base_url = "http://127.0.0.1:{int(upstream.stdout.readline())}/v1"\n'
            '[http]\nlisten = ["127.0.0.1:0"]\n[cache]\nenabled = false\n'
            '[limits]\nresponse = "1GiB"\n')
        halleyd = servers.enter_context(serve(
            "halleyd", programs / "halleyd", "--config", path("config.toml"), "--state",
            path("state"), "--socket", path("s"), "--log-level", "warning", env=environment))
        await_listener("halleyd", halleyd, socket.AF_UNIX, str(path("s")))
        halley = (str(programs / "halley"), "rpc", "--socket", str(path("s")))
        info = json.loads(run(*halley, "http.info", "{}"))
        token = json.loads(run(*halley, "tokens.create", '{"name":"bench"}'))["token"]
        host = info["listening"][0]["address"]
        address = (host.rsplit(":", 1)[0], int(host.rsplit(":", 1)[1]))
        yield halleyd.pid, {
            "lines": Way(socket.AF_UNIX, str(path("s")), line, b'"result":'),
            "HTTP, Unix socket": Way(socket.AF_UNIX, info["socket"],
                                     http("/v1/responses", host, token), LAST_CHUNK),
            "HTTP, TCP": Way(socket.AF_INET, address,
                             http("/v1/responses", host, token), LAST_CHUNK),
            "chat completion, TCP": Way(socket.AF_INET, address,
                                        http("/v1/chat/completions", host, token), LAST_CHUNK,
                                        CHAT, b"chat.completion.chunk"),
        }


def first_events(ways, rounds):
    """The times to the first event in µs, by name."""
    times = {name: [] for name in ways}
    for number in range(rounds + rounds // 10):
        for name, way in ways.items():
            took = way.ask()
            if number >= rounds // 10:
                times[name].append(took * 1e6)
    return times


def events(pid, ways, count):
    """The daemon's processor time in µs for an event, by name: the median of 9 streams."""
    times = {name: [] for name in ways}
    for _ in range(10):
        for name, way in ways.items():
            begun = processor_time(pid)
            way.ask(metadata={"burst": str(count)})
            times[name].append((processor_time(pid) - begun) * 1e6 / count)
    return {name: statistics.median(times[1:]) for name, times in times.items()}


def main():
    programs = pathlib.Path(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 50000
    with tempfile.TemporaryDirectory(prefix="halley-http-") as directory, \
            stage(pathlib.Path(directory), programs) as (pid, ways):
        first, each = first_events(ways, rounds), events(pid, ways, count)
    print("| | first event, µs, p50 / p90 | p50 over lines | processor time an event, µs "
          "| over lines |\n| --- | --- | --- | --- | --- |")
    base = statistics.median(first["lines"])
    for name, times in first.items():
        p50, p90 = statistics.median(times), statistics.quantiles(times, n=10)[-1]
        print(f"| {name} | {p50:.0f} / {p90:.0f} | {p50 - base:+.0f} | {each[name]:.2f} "
              f"| {each[name] - each['lines']:+.2f} |")


if __name__ == "__main__":
    main()
