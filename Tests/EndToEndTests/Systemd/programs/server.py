#!/usr/bin/python3 -I
"""An MCP server with one tool. As it starts, it writes what it can do to ~/facts-NAME."""

import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys

NAME = sys.argv[1]


def can(what):
    try:
        return what() is not False
    except OSError as error:
        return error.strerror


def traces():
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).ptrace(0, 0, None, None) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0


def shares():
    if subprocess.run(["git", "init", "-q", "--shared", f"repository-{NAME}"]).returncode:
        return False
    return bool(os.stat(f"repository-{NAME}/.git").st_mode & 0o2000)


def connects():
    socket.create_connection(("127.0.0.1", 8080), 5).close()


def writes(path):
    with open(path, "w"):
        pass
    return True


os.chdir(os.environ["HOME"])
mask = os.umask(0)
os.umask(mask)
outside = os.environ.get("OUTSIDE", "/var/tmp/plugin")
facts = {
    "memory": can(lambda: mmap.mmap(-1, 4096, prot=7)),
    "interfaces": can(lambda: len(socket.if_nameindex()) > 0),
    "connects": can(connects),
    "nice": can(lambda: os.nice(1)),
    "affinity": can(lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])),
    "ptrace": can(traces),
    "meminfo": can(lambda: open("/proc/meminfo").close()),
    "mask": f"{mask:03o}",
    "outside": can(lambda: writes(outside)),
    "state": can(lambda: bool(os.listdir(".local/state/halley"))),
    "keys": can(lambda: bool(os.listdir(".config/halley/keys"))),
    "shared": can(shares),
    "privileges": "NoNewPrivs:\t0" in open("/proc/self/status").read(),
    "group": open("/proc/self/cgroup").read().strip().split("/")[-1],
}
print("facts of", NAME, file=sys.stderr, flush=True)
for place in (f"facts-{NAME}", os.environ.get("FACTS", "/dev/null")):
    if can(lambda: writes(place)) is True:
        with open(place, "w") as file:
            json.dump(facts, file)

for line in sys.stdin:
    message = json.loads(line)
    results = {
        "initialize": lambda: {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                               "serverInfo": {"name": NAME, "version": "1"}},
        "tools/list": lambda: {"tools": [{"name": "look", "description": "Looks.",
                                          "inputSchema": {"type": "object"}}]},
    }
    if "id" in message:
        known = results.get(message["method"])
        answer = {"result": known()} if known else {"error": {"code": -32601, "message": "no"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
