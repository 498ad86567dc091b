#!/usr/bin/env python3
"""cancel.py PROGRAMS [ROUNDS] - measures how long an upstream goes on for a client that has left,
and prints a Markdown table: over HTTP/1.1, and over HTTP/2 with TLS by way of nghttpx, where the
stream is alone on its connection and where it is beside a silent one. PROGRAMS is where halleyd is;
each way is taken ROUNDS times (200)."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

WAYS = {"cancelRequest": "`$/cancelRequest`", "cancel": "`responses.cancel`", "hang-up": "hang-up"}


def run(*command):
    end = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if end.returncode:
        sys.exit(f"cancel.py: {end.stdout}{end.stderr.strip()}")
    return end.stdout


@contextlib.contextmanager
def serve(name, *command, **options):
    """A server that ends with the block."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def await_listener(name, process, family, address):
    for _ in range(200):
        with socket.socket(family) as probe:
            if probe.connect_ex(address) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"cancel.py: {name} did not start")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configure(path, upstream, front, certificate):
    path.write_text(f'''default_upstream = "one"
[upstreams.one]
base_url = "http://127.0.0.1:{upstream}/v1"
api_key = {{ none = true }}
[upstreams.two]
base_url = "https://127.0.0.1:{front}/v1"
ca_file = "{certificate}"
api_key = {{ none = true }}
models = ["two/*"]
strip_prefix = true
[cache]
enabled = false
''')


def measure(directory, programs, rounds):
    """The quantiles by protocol and way: (P50, P99) in ms."""
    path = directory.joinpath
    for program, libraries in (("upstream", []), ("driver", ["-lcurl"])):
        source = pathlib.Path(__file__).with_name(f"{program}.c")
        run("cc", "-O2", "-o", str(path(program)), str(source), *libraries)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", "/CN=halley bench", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", str(path("key")),
        "-out", str(path("certificate")))
    nghttpx = shutil.which("nghttpx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("HALLEY_")}
    log = open(path("log"), "w")
    with contextlib.ExitStack() as servers:
        upstream = servers.enter_context(
            serve("upstream", path("upstream"), stdout=subprocess.PIPE, text=True))
        port, front = int(upstream.stdout.readline()), free_port()
        proxy = servers.enter_context(serve(
            "nghttpx", nghttpx or "nghttpx", "--conf=/dev/null", "--no-ocsp", "--workers=1",
            f"--frontend=127.0.0.1,{front}", f"--backend=127.0.0.1,{port}", path("key"),
            path("certificate"), stdout=log, stderr=log))
        await_listener("nghttpx", proxy, socket.AF_INET, ("127.0.0.1", front))
        configure(path("config.toml"), port, front, path("certificate"))
        daemon = servers.enter_context(serve(
            "halleyd", programs / "halleyd", "--config", path("config.toml"), "--state",
            path("state"), "--socket", path("s"), "--log-level", "warning", env=environment))
        await_listener("halleyd", daemon, socket.AF_UNIX, str(path("s")))
        figures = []
        for model, others in (("one", []), ("two/bench", []), ("two/bench", ["beside"])):
            lines = run(str(path("driver")), "cancel", str(rounds), str(path("s")),
                        f"http://127.0.0.1:{port}/", model, *others).splitlines()
            figures.append({way: (int(p50) / 1000, int(p99) / 1000)
                            for way, p50, p99 in map(str.split, lines)})
        return figures


def main():
    programs = pathlib.Path(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory(prefix="halley-cancel-") as directory:
        figures = measure(pathlib.Path(directory), programs, rounds)
    print("| a client leaves, until its stream has ended upstream, ms, p50 / p99 | HTTP/1.1 "
          "| HTTP/2, alone on its connection | HTTP/2, beside a silent stream | aim |\n"
          "| --- | --- | --- | --- | --- |")
    for way, name in WAYS.items():
        cells = " | ".join("{:.2f} / {:.2f}".format(*of[way]) for of in figures)
        print(f"| {name} | {cells} | at most 5 |")


if __name__ == "__main__":
    main()
