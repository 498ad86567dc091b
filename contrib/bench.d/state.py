#!/usr/bin/env python3
"""state.py PROGRAMS [TURNS] - measures the store of a halleyd with many turns (100 000) and prints a
Markdown table: opening, continuing, listing and searching, size on disk, and what durability adds to
a turn with one and with 64 clients."""

import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 32
TURNS_OF_A_CONVERSATION = 20


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def call(self, method, params):
        line = json.dumps({"id": 1, "method": method, "params": params})
        self.socket.sendall(line.encode() + b"\n")
        answer = json.loads(self.lines.readline())
        if "error" in answer:
            sys.exit(f"state.py: {method}: {answer['error']['message']}")
        return answer["result"]


def in_parallel(count, body):
    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def say(client, text, **members):
    return client.call("responses.create", {"input": text, **members})


def fill(path, conversations):
    def some(number):
        client = Client(path)
        for index in range(number, conversations, CLIENTS):
            for turn in range(TURNS_OF_A_CONVERSATION):
                say(client, f"turn {turn} of subject{index}", conversation=f"bench/{index}")

    in_parallel(CLIENTS, some)


def milliseconds(count, body):
    times = []
    for index in range(count):
        start = time.perf_counter()
        body(index)
        times.append((time.perf_counter() - start) * 1000)
    return f"{statistics.median(times):.2f} / {max(times):.2f}"


def turn_latency(path, clients, stored):
    times = []

    def some(_):
        client = Client(path)
        for _ in range(max(20, 640 // clients)):
            start = time.perf_counter()
            say(client, "hi", store=stored)
            times.append((time.perf_counter() - start) * 1000)

    in_parallel(clients, some)
    return statistics.median(times)


def measure(path, state, turns):
    conversations = max(turns // TURNS_OF_A_CONVERSATION, 1)
    start = time.monotonic()
    fill(path, conversations)
    took = time.monotonic() - start
    client = Client(path)
    client.call("conversations.search", {"query": "subject1"})
    rows = [(f"{turns} turns stored by {CLIENTS} clients, turns a second", f"{turns / took:.0f}")]
    name = "bench/{}".format
    picks = [index * 37 % conversations for index in range(100)]
    rows += [
        ("open a conversation, ms, median / worst", milliseconds(
            100, lambda i: client.call("conversations.items.list", {"conversation": name(picks[i])}))),
        ("continue one, ms (with the upstream and the sync)", milliseconds(
            100, lambda i: say(client, "go on", conversation=name(picks[i])))),
        ("list conversations, ms", milliseconds(
            100, lambda i: client.call("conversations.list", {"limit": 20}))),
        ("search for a rare word, ms", milliseconds(
            100, lambda i: client.call("conversations.search", {"query": f"subject{picks[i]}"}))),
        ("search for a word of every turn, ms", milliseconds(
            20, lambda i: client.call("conversations.search", {"query": "turn"}))),
    ]
    size = sum(file.stat().st_size for file in pathlib.Path(state).iterdir())
    rows.append(("size on disk, MiB", f"{size / 2**20:.0f}"))
    for clients in (1, 64):
        kept, lost = (turn_latency(path, clients, stored) for stored in (True, False))
        rows.append((f"a turn with {clients} clients, stored / not stored, ms",
                     f"{kept:.2f} / {lost:.2f} (durability adds {kept - lost:.2f})"))
    return rows


def main():
    programs = pathlib.Path(sys.argv[1])
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(prefix="halley-state-") as directory:
        simulator = subprocess.Popen(
            [programs / "halley-simulator", "--quiet", "--exit-with-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = json.loads(simulator.stdout.readline())["base_url"]
        config = pathlib.Path(directory, "config.toml")
        config.write_text(
            f'default_upstream = "sim"\n[upstreams.sim]\nbase_url = "{url}"\nmax_concurrent = 128\n'
            '[cache]\nenabled = false\n')
        path = f"{directory}/s/halley.sock"
        daemon = subprocess.Popen(
            [programs / "halleyd", "--config", config, "--state", f"{directory}/state",
             "--socket", path, "--log-level", "error"],
            env={key: value for key, value in os.environ.items() if not key.startswith("HALLEY_")})
        try:
            while not os.path.exists(path):
                time.sleep(0.02)
            print("| the store | measured |\n| --- | --- |")
            for what, value in measure(path, f"{directory}/state", turns):
                print(f"| {what} | {value} |")
        finally:
            daemon.terminate()
            daemon.wait()
            simulator.stdin.close()
            simulator.wait()


if __name__ == "__main__":
    main()
