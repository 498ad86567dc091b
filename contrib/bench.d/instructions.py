#!/usr/bin/env python3
"""instructions.py HALLEYD... - counts the instructions that requests and events take in halleyd,
under callgrind, and prints a Markdown table; further programs are columns beside the first.

They are those of the program and its libraries, not of the kernel, of all threads, and hardly differ
from run to run or between machines. Wants valgrind, objcopy and cc. Debug information is left out of
a copy, since valgrind can't read all of it."""

import glob
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
# What is asked: its name, requests, deltas of each answer, whether it is stored, and what is counted.
CASES = [
    ("a request of one delta, not stored", 100, 1, 0, "request"),
    ("a request of one delta, stored", 100, 1, 1, "request"),
    ("an event, not stored", 1, 3000, 0, "event"),
    ("an event, stored", 1, 3000, 1, "event"),
]


def run(*command, **options):
    end = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **options)
    if end.returncode:
        sys.exit(f"instructions.py: {command[0]}: {end.stdout}{end.stderr.strip()}")
    return end.stdout


def start(directory, program, port):
    """Starts the daemon under callgrind, and returns it when it answers."""
    directory.mkdir(mode=0o700)
    run("objcopy", "--strip-debug", program, directory / "halleyd")
    key = directory / "key"
    key.write_text("sk-abcdefghijklmnopqrstuvwxyzabcdef\n")
    key.chmod(0o600)
    (directory / "config.toml").write_text(f"""default_upstream = "bench"
default_model = "bench"
[upstreams.bench]
base_url = "http://127.0.0.1:{port}/v1"
prewarm = false
api_key = {{ file = "{key}" }}
[cache]
enabled = false
""")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("HALLEY_")}
    environment |= {
        "SWIFT_BACKTRACE": "enable=no", "LD_PRELOAD": str(directory.parent / "permissive.so")}
    log = open(directory / "log", "w")
    daemon = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={directory}/out.%p",
         directory / "halleyd", "--config", directory / "config.toml", "--state",
         directory / "state", "--socket", directory / "s", "--log-level", "warning"],
        env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for _ in range(600):
        if (directory / "s").exists():
            return daemon
        if daemon.poll() is not None:
            break
        time.sleep(0.1)
    daemon.kill()
    sys.exit("instructions.py: halleyd did not start\n" + (directory / "log").read_text())


def count(directory, daemon, driver, case):
    """The instructions of a case, by request or by event."""
    _, requests, deltas, stored, unit = case

    def ask(rounds):
        run(driver, "ask", rounds, deltas, stored, directory / "s")

    # What is made for the first requests, and the code that is then in memory, is not their price.
    ask(10 if unit == "request" else 1)
    time.sleep(2.5)
    run("callgrind_control", "-z", daemon.pid)
    ask(requests)
    # What is written a little later belongs to it.
    time.sleep(1.5)
    run("callgrind_control", "-d", daemon.pid)
    time.sleep(0.5)
    newest = max(glob.glob(f"{directory}/out.{daemon.pid}*"), key=os.path.getmtime)
    for line in open(newest):
        if line.startswith(("summary:", "totals:")):
            return int(line.split()[1]) / (requests * (deltas if unit == "event" else 1))
    sys.exit("instructions.py: callgrind counted nothing")


def measure(directory, program, port, driver):
    daemon = start(directory, program, port)
    try:
        return [count(directory, daemon, driver, case) for case in CASES]
    finally:
        daemon.terminate()
        daemon.wait()


def main():
    programs = sys.argv[1:]
    if not programs:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="halley-") as name:
        directory = pathlib.Path(name)
        for tool, libraries in (("driver", ["-lcurl"]), ("upstream", [])):
            run("cc", "-O2", "-o", directory / tool, HERE / f"{tool}.c", *libraries)
        run("cc", "-O2", "-shared", "-fPIC", "-o", directory / "permissive.so",
            HERE / "permissive.c")
        upstream = subprocess.Popen([directory / "upstream"], stdout=subprocess.PIPE, text=True)
        try:
            port = int(upstream.stdout.readline())
            columns = [
                measure(directory / str(index), program, port, directory / "driver")
                for index, program in enumerate(programs)]
        finally:
            upstream.terminate()
            upstream.wait()
    print("| instructions (callgrind) | " + " | ".join(programs) + " |")
    print("| --- |" + " --- |" * len(programs))
    for row, case in enumerate(CASES):
        print(f"| {case[0]} | " + " | ".join(f"{column[row]:.0f}" for column in columns) + " |")


main()
