"""What the tests of shell-tools share: the plugin, and calls of its tools."""

from harness import PLUGINS, Plugin, equal

NAMES = ["list_files", "read_file", "grep", "git_status", "git_log", "git_diff", "git_show"]
# As on a kernel or in a sandbox without openat2: the plugin has no ctypes.
WITHOUT_OPENAT2 = ["/usr/bin/python3", "-ISBc", f"""
import runpy, sys
sys.modules["ctypes"] = None
sys.argv = [{str(PLUGINS / "shell-tools")!r}, *sys.argv[1:]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""]


def tools(directory, *arguments, command=None):
    return Plugin("shell-tools", str(directory), *arguments, command=command)


def call(plugin, tool, **arguments):
    """(text, is_error) of a call."""
    result = plugin.result("tools/call", {"name": tool, "arguments": arguments})
    equal([part["type"] for part in result["content"]], ["text"])
    return result["content"][0]["text"], result.get("isError", False)


def text(plugin, tool, **arguments):
    found, is_error = call(plugin, tool, **arguments)
    if is_error:
        raise AssertionError(f"{tool} {arguments}: {found}")
    return found


def refusal(plugin, tool, **arguments):
    found, is_error = call(plugin, tool, **arguments)
    if not is_error:
        raise AssertionError(f"{tool} {arguments}: {found!r}, expected a refusal")
    return found
