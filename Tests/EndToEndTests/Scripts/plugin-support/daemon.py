"""A daemon of its own in front of a simulator, with plugins."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request

from harness import Missing, wait_for


class Daemon:
    """A simulator, and a daemon whose configuration ends with the plugins'."""

    def __init__(self, scratch, plugins):
        for program in ("jq", "git"):
            if not shutil.which(program):
                raise Missing(f"needs {program}")
        # A socket's path is short.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="hp", dir="/tmp"))
        self.log = open(self.directory / "log", "w+b")
        self.simulator = subprocess.Popen([os.environ["HALLEY_SIMULATOR"]],
                                          stdout=self.log, stderr=self.log)
        self.url = "http://" + self.found(rb"127\.0\.0\.1:[0-9]+").decode()
        configuration = self.directory / "config.toml"
        configuration.write_text(
            'default_upstream = "sim"\ndefault_model = "m"\n[upstreams.sim]\n'
            f'base_url = "{self.url}/v1"\nmodels = ["*"]\n{plugins}')
        configuration.chmod(0o600)
        self.socket = self.directory / "socket"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(scratch),
                       "XDG_RUNTIME_DIR": str(self.directory)}
        self.daemon = subprocess.Popen(
            [os.environ["HALLEYD"], "--config", configuration, "--state", self.directory / "state",
             "--socket", self.socket], env=environment, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)

    def found(self, pattern):
        matches = []
        wait_for(lambda: matches.extend(re.findall(pattern, self.said())) or matches, pattern)
        return matches[0]

    def said(self):
        return (self.directory / "log").read_bytes()

    def __enter__(self):
        wait_for(self.listens, "the daemon listens")
        answer = self.ask("plugins.list", {})
        if answer.get("error", {}).get("code") == -32601:
            self.__exit__()
            raise Missing("needs a daemon that serves plugins")
        return self

    def listens(self):
        """Whether a connection is taken; the socket's file is there a moment earlier."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.socket)) == 0

    def __exit__(self, *_):
        for process in (self.daemon, self.simulator):
            process.terminate()
            process.wait(30)
        self.log.close()
        shutil.rmtree(self.directory)

    def ask(self, method, params):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.socket))
            line = json.dumps({"id": 1, "method": method, "params": params}) + "\n"
            connection.sendall(line.encode())
            with connection.makefile("rb") as lines:
                return json.loads(lines.readline())

    def create(self, **params):
        answer = self.ask("responses.create", {"input": "Hi", **params})
        if "result" not in answer:
            raise AssertionError(f"{answer}\n{self.said().decode()[-2000:]}")
        return answer["result"]

    def sent(self):
        """All that the simulator was sent, as text."""
        with urllib.request.urlopen(f"{self.url}/_simulator/requests", timeout=30) as answer:
            return answer.read().decode()
