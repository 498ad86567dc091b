"""MCP servers from PyPI as plugins, and what a model's calls of them come to."""

import atexit
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile


def install(root, name, packages):
    """Makes a virtual environment; whether that worked."""
    try:
        for command in (["python3", "-m", "venv", root / name],
                        [root / name / "bin/pip", "install", "--quiet",
                         "--disable-pip-version-check", *packages]):
            subprocess.run(command, check=True, capture_output=True, timeout=150)
        return True
    except (subprocess.SubprocessError, OSError):
        return False


def environments(**packages):
    """The directory of virtual environments, each by its name and with its packages; they are gone
    when the program ends. Ends it where they can't be had."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="mcp"))
    atexit.register(shutil.rmtree, root)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda name: install(root, name, packages[name]), packages))
    if not all(made):
        print("1..0 # SKIP the packages are not to be had from PyPI (Debian: python3-venv)")
        sys.exit(77)
    return root


def server(scratch, name, *command, **settings):
    """A plugin whose standard input is kept in a file as well; its name is the plugin's."""
    program = scratch / f"{name}-server"
    words = " ".join(f"'{word}'" for word in command)
    program.write_text(f"#!/bin/sh\ntee '{scratch / name}.in' | {words}\n")
    program.chmod(0o755)
    lines = [f"{key} = {value}" for key, value in {"tools": "true", "approval": '"allow"',
                                                   "start_timeout": '"60s"', **settings}.items()]
    return "\n".join([f"[plugins.{name}]", f'command = ["{program}"]', *lines, ""])


def methods(scratch, name):
    return [json.loads(line)["method"] for line in
            (scratch / f"{name}.in").read_text().splitlines() if "method" in line]


def outputs(response):
    return [item["output"] for item in response["output"]
            if item["type"] == "function_call_output"]


def call(daemon, function, arguments="{}", **halley):
    plugin = function.split("__")[0]
    return daemon.create(input=f"call {function} {arguments}",
                         halley={"tools": [f"{plugin}.*"], "cache": "off", **halley})


def entry(daemon, tool):
    listed = daemon.ask("tools.list", {})["result"]["data"]
    return next((entry for entry in listed if entry["tool"] == tool), None)


def plugin(daemon, name):
    return next(entry for entry in daemon.ask("plugins.list", {})["result"]["data"]
                if entry["name"] == name)
