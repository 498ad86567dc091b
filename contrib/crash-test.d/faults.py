"""What crash-test does to a daemon besides killing it: failing system calls, a second daemon."""

import shutil
import subprocess
import time

# What a client is told, and may be told, where the machine fails.
TOLERATED = frozenset((
    "storage", "storage_full", "overloaded", "upstream_unreachable", "upstream_circuit_open",
    "plugin_failed"))

FAULTS = (
    ("fsync,fdatasync", "EIO"), ("fdatasync", "ENOSPC"), ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"), ("ftruncate", "EIO"), ("socket,accept4,openat,pipe2", "EMFILE"))


def may_inject():
    """Whether strace(1) is there and may trace."""
    if not shutil.which("strace"):
        return False
    end = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=False,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return end.returncode == 0


class Injector:
    """Lets system calls of a daemon fail (strace -e inject): some from the first on, some later,
    some again and again."""

    def __init__(self, process, choices):
        calls, error = choices.choice(FAULTS)
        when = choices.choice(["{0}", "{0}..{1}", "{0}+{1}"]).format(
            choices.randint(1, 9), choices.randint(9, 19))
        self.what = f"{calls}:error={error}:when={when}"
        self.strace = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
             f"inject={self.what}", "-p", str(process.pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # It names all threads in one line.
        self.is_attached = "attached" in self.strace.stderr.readline()

    def end(self):
        """It ends with the daemon."""
        try:
            self.strace.wait(10)
        except subprocess.TimeoutExpired:
            self.strace.kill()
            self.strace.wait()
        self.strace.stderr.close()


def await_takeover(connect, call, limit):
    """Returns the seconds until a daemon serves the state that another has left; None if it does
    not."""
    begun = time.monotonic()
    connection = connect()
    try:
        while time.monotonic() - begun < limit:
            message, _ = call(connection)
            if "error" not in message:
                return time.monotonic() - begun
            time.sleep(0.02)
    finally:
        connection.close()
    return None
