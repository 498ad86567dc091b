"""A directory that nothing leads out of: links, renames and .. notwithstanding."""

import fnmatch
import os
import struct

import linux
from mcp_server import Refusal

# Its number on all architectures of Linux but those, which have tables of their own.
OPENAT2 = 437
OTHER_TABLES = ("alpha", "mips")
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH = 0x02, 0x08
# A FIFO must not block, a terminal must not become ours.
SAFELY = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Tree:
    """All that is below a directory, except what has a hidden name."""

    def __init__(self, directory, hidden):
        self.root = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.hidden = hidden
        self.has_openat2 = self.try_openat2()

    def try_openat2(self):
        try:
            os.close(self.openat2(".", os.O_PATH | os.O_CLOEXEC))
            return True
        except OSError:
            # An old kernel, or a system call filter.
            return False

    def openat2(self, path, flags):
        if os.uname().machine.startswith(OTHER_TABLES):
            raise OSError(38, "not the number of openat2 here")
        how = struct.pack("=QQQ", flags, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        return linux.call(OPENAT2, self.root, os.fsencode(path), how, len(how))

    def is_hidden(self, name):
        return any(fnmatch.fnmatchcase(name.lower(), glob.lower()) for glob in self.hidden)

    def parts(self, path):
        """The components of a path that does not ask for anything outside or hidden."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise Refusal(f"{path}: expected a path relative to the directory, without ..")
        if any(self.is_hidden(part) for part in parts):
            raise Refusal(f"{path}: hidden from these tools")
        return parts

    def open(self, path, flags):
        """A descriptor of what is at a path, or of where links in it lead without leaving."""
        parts = self.parts(path)
        try:
            if not self.has_openat2:
                return self.open_stepwise(parts, flags | SAFELY)
            fd = self.openat2("/".join(parts) or ".", flags | SAFELY)
        except OSError as error:
            raise Refusal(f"{path}: {error.strerror}") from None
        if any(self.is_hidden(part) for part in self.place(fd)):
            os.close(fd)
            raise Refusal(f"{path}: leads to what is hidden from these tools")
        return fd

    def place(self, fd):
        """The components of the path at which a descriptor's file really is."""
        link = os.readlink(f"/proc/self/fd/{fd}")
        return os.path.relpath(link, os.readlink(f"/proc/self/fd/{self.root}")).split("/")

    def open_stepwise(self, parts, flags):
        """The same without openat2: opens one component after the other and follows no link."""
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.root)
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1
            step = flags if is_last else os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            try:
                child = os.open(part, step | os.O_NOFOLLOW, dir_fd=fd)
            finally:
                os.close(fd)
            fd = child
        return fd

    def walk(self, path, deepest):
        """Yields (path, entry, its directory's descriptor), in order; follows no link."""
        prefix = "".join(part + "/" for part in self.parts(path))
        fd = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield from self.walk_below(fd, prefix, deepest)
        finally:
            os.close(fd)

    def walk_below(self, fd, prefix, deepest):
        with os.scandir(fd) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
        for entry in entries:
            if self.is_hidden(entry.name):
                continue
            yield prefix + entry.name, entry, fd
            if deepest == 1 or not entry.is_dir(follow_symlinks=False):
                continue
            try:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                child = os.open(entry.name, flags, dir_fd=fd)
            except OSError:
                continue
            try:
                yield from self.walk_below(child, prefix + entry.name + "/", deepest - 1)
            finally:
                os.close(child)
