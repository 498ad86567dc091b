"""Clients of the HTTP face from PyPI, and a daemon that serves it."""

import atexit
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "plugin-support"))
from daemon import Daemon  # noqa: E402
from harness import ROOT  # noqa: E402
# What is beside these has names of packages.
sys.path.pop(0)

# What a user gets today; a test that needs more than this says so.
CLIENTS = ("openai[realtime]>=3.57,<4", "openai-agents>=0.24,<0.25", "langchain-openai>=1.7,<2",
           "pydantic-ai-slim[openai]>=2.68,<3", "llm>=0.36,<0.37", "llm-comply>=0.5,<0.6",
           "fastresponses>=0.1,<0.2")
MODEL = "gpt-5.4"
INSTALL_DEADLINE = 240


def install(directory, packages, model):
    """Makes a virtual environment, whose last file says that it is whole; whether that worked."""
    shutil.rmtree(directory, ignore_errors=True)
    pip = [directory / "bin/pip", "install", "--quiet", "--no-compile",
           "--disable-pip-version-check"]
    commands = [["/usr/bin/python3", "-m", "venv", directory], [*pip, *packages]]
    try:
        for command in commands + ([[*pip, "--no-deps", model]] if model else []):
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_DEADLINE)
        (directory / "whole").touch()
        return True
    except (subprocess.SubprocessError, OSError):
        return False


def environment(*packages, model=None):
    """The directory of a virtual environment that has the packages; it is made once for a build,
    because that takes a minute. Ends the program where they can't be had.

    `model` is a package that is wanted for its model alone, without what it depends on."""
    kind = (os.path.realpath("/usr/bin/python3"), packages, model)
    name = hashlib.sha256(repr(kind).encode()).hexdigest()[:12]
    directory = ROOT / ".build" / f"pypi-{name}"
    directory.parent.mkdir(exist_ok=True)
    with open(f"{directory}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "whole").exists() and not install(directory, packages, model):
            print("1..0 # SKIP the clients are not to be had from PyPI (Debian: python3-venv)")
            sys.exit(77)
    return directory


def use(*packages, model=None):
    """Goes on in a virtual environment that has the packages."""
    directory = environment(*packages, model=model)
    if sys.prefix != str(directory):
        python = directory / "bin/python3"
        os.execv(python, [python, *sys.argv])


class Service(Daemon):
    """A daemon in front of a simulator that serves HTTP, with nothing cached; gone when the program
    ends."""

    def __init__(self, rest="", upstream=""):
        scratch = pathlib.Path(tempfile.mkdtemp(prefix="hc"))
        self.token = None
        cache = "" if "[cache]" in rest else "[cache]\nenabled = false\n"
        super().__init__(scratch, f'{upstream}\n[http]\nlisten = ["127.0.0.1:0"]\n{cache}{rest}')
        self.http_socket = self.socket.parent / "http.sock"
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        atexit.register(self.__exit__)
        self.__enter__()

    @property
    def key(self):
        """A token, made when it is first asked for."""
        if not self.token:
            self.token = self.ask("tokens.create", {"name": "tests"})["result"]["token"]
        return self.token

    @property
    def base_url(self):
        """Where the daemon serves over TCP."""
        listening = self.ask("http.info", {})["result"]["listening"]
        return f"http://{listening[0]['address']}/v1"

    def count(self, name):
        """A counter of the simulator."""
        with urllib.request.urlopen(f"{self.url}/_simulator/stats", timeout=30) as answer:
            return json.load(answer)[name]


def raises(kind, function, status=None, code=None):
    """The error that a function raises."""
    try:
        found = function()
    except kind as error:
        if status is not None and error.status_code != status:
            raise AssertionError(f"found {error!r}, expected the status {status}") from error
        if code is not None and error.code != code:
            raise AssertionError(f"found {error.body!r}, expected the code {code}") from error
        return error
    raise AssertionError(f"found {found!r}, expected {kind.__name__}")
