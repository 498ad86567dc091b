#!/usr/bin/env python3
"""year.py PROGRAMS [--small] [--keep DIRECTORY] [JOB...] - fills the store of a halleyd with a year's
turns, has it do what takes long, and prints a Markdown table of how long others waited meanwhile: a
tester pings, and commits, every 10 ms. --small takes seconds, for tests; --keep leaves the filled
store in a directory, or takes the one that is there."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from state import in_parallel  # noqa: E402

PERIOD = 0.010
CLIENTS = 16
TURNS_OF_A_CONVERSATION = 20
TEXT = " ".join(f"word{number % 97} walks" for number in range(310))  # about 4 KB


class Refused(Exception):
    pass


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def call(self, method, **params):
        line = json.dumps({"id": 1, "method": method, "params": params})
        self.socket.sendall(line.encode() + b"\n")
        answer = json.loads(self.lines.readline() or b'{"error": {"message": "hung up"}}')
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def say(self, text, **members):
        return self.call("responses.create", input=text, metadata={"words": "8"}, **members)


class Tester:
    """Another process, so that what is measured is not what this one does."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--tester", path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        return json.loads(self.process.communicate("\n")[0])


def test(path):
    over = threading.Event()
    times = {"ping": [], "commit": []}

    def every_period(name, method, **params):
        client = Client(path)
        next_time = time.perf_counter()
        while not over.is_set():
            start = time.perf_counter()
            client.call(method, **params)
            times[name].append((time.perf_counter() - start) * 1000)
            next_time = max(next_time + PERIOD, time.perf_counter())
            time.sleep(max(next_time - time.perf_counter(), 0))

    name = f"tester-{os.getpid()}"
    conversation = Client(path).call("conversations.create", name=name)["id"]
    threads = [
        threading.Thread(target=every_period, args=("ping", "daemon.ping")),
        threading.Thread(target=every_period, args=("commit", "conversations.update"),
                         kwargs={"conversation": conversation, "metadata": {"a": "b"}})]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps({name: {"p50": statistics.median(some), "most": max(some)}
                      for name, some in times.items()}))


class Daemon:
    def __init__(self, programs, url, state, settings=""):
        self.directory = tempfile.mkdtemp(prefix="halley-year-")
        self.state = pathlib.Path(state)
        config = pathlib.Path(self.directory, "config.toml")
        config.write_text(
            f'default_upstream = "sim"\n[upstreams.sim]\nbase_url = "{url}"\nmax_concurrent = 128\n'
            f"[cache]\nenabled = false\n[store]\n{settings}\n")
        self.path = f"{self.directory}/halley.sock"
        self.process = subprocess.Popen(
            [programs / "halleyd", "--config", config, "--state", state, "--socket", self.path,
             "--log-level", "error"],
            env={key: value for key, value in os.environ.items() if not key.startswith("HALLEY_")})
        while not os.path.exists(self.path):
            if self.process.poll() is not None:
                sys.exit("year.py: halleyd did not start")
            time.sleep(0.01)
        Client(self.path).call("conversations.list", limit=1)

    def stop(self):
        """Returns the seconds from SIGTERM to the end."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory)
        if self.state in WATCHED:
            WATCHED.pop(self.state).close()
        return time.monotonic() - start

    def wait_until(self, condition, limit=300):
        deadline = time.monotonic() + limit
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.1)


WATCHED = {}


def looked_up(state, sql):
    """One connection stays open while a daemon runs, as little beside it as can be."""
    if state not in WATCHED:
        WATCHED[state] = sqlite3.connect(
            f"file:{state}/halley.db?mode=ro", uri=True, timeout=5, isolation_level=None)
    return WATCHED[state].execute(sql).fetchone()[0]


def erased(state):
    """Whether nothing is left to be deleted or erased."""
    return looked_up(state, "SELECT count(*) FROM erasures") == 0


def bytes_of(state):
    return sum(file.stat().st_size for file in pathlib.Path(state).iterdir())


class Year:
    def __init__(self, programs, url, directory, conversations, turns, items):
        self.programs, self.url, self.directory = programs, url, pathlib.Path(directory)
        self.conversations, self.turns, self.items = conversations, turns, items
        self.full = self.directory / "full"

    def start(self, state, settings=""):
        return Daemon(self.programs, self.url, state, settings)

    def copy(self):
        state = self.directory / "state"
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(self.full, state)
        return state

    def fill(self):
        if self.full.exists():
            # One that another version made is brought to this one's.
            daemon = self.start(self.full)
            Client(daemon.path).call("conversations.search", query="subject0")
            daemon.stop()
            return
        daemon = self.start(self.full)

        def some(number):
            client = Client(daemon.path)
            for index in range(number, self.conversations, CLIENTS):
                for turn in range(TURNS_OF_A_CONVERSATION):
                    client.say(f"turn {turn} of subject{index} {TEXT}", conversation=f"c{index}")

        in_parallel(CLIENTS, some)
        client = Client(daemon.path)
        client.call("conversations.search", query="subject0")
        for turn in range(self.turns):
            client.say(f"turn {turn}", conversation="long")
        client.call("conversations.create", name="wide")
        for start in range(0, self.items, 20):
            count = min(20, self.items - start)
            client.call("conversations.items.create", conversation="wide", items=[
                {"type": "message", "role": "user", "content": f"item {start + index}"}
                for index in range(count)])
        client.call("conversations.search", query="subject0")
        daemon.stop()

    # MARK: Jobs. Each returns what the tester saw, and a word.

    def beside(self, daemon, job):
        tester = Tester(daemon.path)
        start = time.monotonic()
        try:
            word = job(Client(daemon.path))
        except Refused as refusal:
            word = str(refusal)
        seconds = time.monotonic() - start
        return tester.end(), seconds, word

    def at_start(self, settings, condition, age=0):
        state = self.copy()
        database = sqlite3.connect(state / "halley.db")
        with database:
            database.execute("UPDATE conversations SET updated_at = updated_at - ?", [age * 1000])
        database.close()
        daemon = self.start(state, settings)
        seen = self.beside(daemon, lambda _: daemon.wait_until(lambda: condition(state)))
        daemon.stop()
        return seen

    def max_size(self):
        limit = int(bytes_of(self.full) * 0.7)
        seen, seconds, word = self.at_start(
            f'max_size = "{limit // 1024}KiB"',
            lambda state: (state / "halley.db").stat().st_size <= limit and erased(state))
        return seen, seconds, word

    def max_age(self):
        return self.at_start(
            'max_age = "1h"', lambda state: self.count(state) < 10 and erased(state), age=86_400)

    @staticmethod
    def count(state):
        return looked_up(state, "SELECT count(*) FROM conversations")

    def deletion(self, name, reader=False):
        state = self.copy()
        daemon = self.start(state)
        foreign = None
        if reader:
            foreign = sqlite3.connect(f"{state}/halley.db", isolation_level=None)
            foreign.execute("BEGIN")
            foreign.execute("SELECT count(*) FROM conversations").fetchone()

        def job(client):
            start = time.monotonic()
            try:
                client.call("conversations.delete", conversation=name)
                word = f"answered after {(time.monotonic() - start) * 1000:.0f} ms"
            except Refused as refusal:
                word = str(refusal)
            if foreign:
                time.sleep(0.5)
                foreign.execute("ROLLBACK")
                foreign.close()
            daemon.wait_until(lambda: erased(state))
            return word

        seen = self.beside(daemon, job)
        daemon.stop()
        return seen

    def delete_turns(self):
        return self.deletion("long")

    def delete_items(self):
        return self.deletion("wide")

    def foreign_reader(self):
        return self.deletion("c0", reader=True)

    def term(self):
        daemon = self.start(self.copy())
        caller = threading.Thread(target=self.quietly, args=(daemon, "wide"))
        caller.start()
        time.sleep(0.3)
        seconds = daemon.stop()
        caller.join()
        return None, seconds, "from SIGTERM to the end, while it deletes"

    @staticmethod
    def quietly(daemon, name):
        try:
            Client(daemon.path).call("conversations.delete", conversation=name)
        except Refused:
            pass

    def reading(self, method, times=5, **params):
        daemon = self.start(self.copy())
        took = []

        def job(client):
            for _ in range(times):
                start = time.monotonic()
                client.call(method, **params)
                took.append((time.monotonic() - start) * 1000)
            return f"{statistics.median(took):.0f} ms each"

        seen = self.beside(daemon, job)
        daemon.stop()
        return seen

    def search(self):
        return self.reading("conversations.search", query="w*")

    def usage(self):
        return self.reading("usage.summary", by="model")

    def events(self):
        """Event logs expire while four clients ask."""
        state = self.copy()
        daemon = self.start(state, 'events = "1s"')
        created = []
        over = threading.Event()

        def ask(_):
            client = Client(daemon.path)
            while not over.is_set():
                start = time.monotonic()
                client.say("hi")
                created.append((time.monotonic() - start) * 1000)

        def job(_):
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            daemon.wait_until(lambda: erased(state))
            over.set()
            for thread in threads:
                thread.join()
            return f"a create {max(created, default=0):.0f} ms at most"

        seen = self.beside(daemon, job)
        daemon.stop()
        return seen


JOBS = {
    "max_size": "`max_size` at 70 % of what there is", "max_age": "`max_age`, all conversations",
    "delete_turns": "deleting a conversation of {turns} turns",
    "delete_items": "deleting one of {items} items", "term": "SIGTERM meanwhile",
    "search": "search `w*`", "usage": "`usage.summary`",
    "events": "event logs expire under load",
    "foreign_reader": "deleting while `sqlite3` holds a transaction",
}


def measure(year, names):
    print(f"| beside {year.conversations * TURNS_OF_A_CONVERSATION + year.turns} turns | "
          "commit, ms, p50 / longest | ping, ms, p50 / longest | took, s | |")
    print("| --- | --- | --- | --- | --- |")
    for name in names:
        seen, seconds, word = getattr(year, name)()
        cells = [f"{seen[kind]['p50']:.1f} / {seen[kind]['most']:.0f}" if seen else ""
                 for kind in ("commit", "ping")]
        what = JOBS[name].format(turns=year.turns, items=year.items)
        print(f"| {what} | {cells[0]} | {cells[1]} | {seconds:.1f} | {word or ''} |", flush=True)


def main():
    if sys.argv[1:2] == ["--tester"]:
        return test(sys.argv[2])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("--conversations", type=int, default=3000)
    parser.add_argument("jobs", nargs="*")
    options = parser.parse_intermixed_args()
    sizes = (20, 40, 1000) if options.small else (options.conversations, 4000, 132_000)
    simulator = subprocess.Popen(
        [options.programs / "halley-simulator", "--quiet", "--exit-with-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = json.loads(simulator.stdout.readline())["base_url"]
    with tempfile.TemporaryDirectory(prefix="halley-year-") as directory:
        try:
            year = Year(options.programs.resolve(), url, options.keep or directory, *sizes)
            year.fill()
            measure(year, options.jobs or list(JOBS))
        finally:
            simulator.stdin.close()
            simulator.wait()


if __name__ == "__main__":
    main()
