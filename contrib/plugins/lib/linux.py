"""The C library, for what Python has no call for."""

import os


def load():
    try:
        import ctypes
        return ctypes.CDLL(None, use_errno=True), ctypes.get_errno
    except (ImportError, MemoryError, OSError):
        # Where memory can't be made executable, ctypes may be missing.
        return None, lambda: 0


LIBC, last_error = load()


def call(number, *arguments):
    """A system call by its number; OSError says what went wrong."""
    if LIBC is None:
        raise OSError(38, "no C library")
    result = LIBC.syscall(number, *arguments)
    if result < 0:
        raise OSError(last_error(), os.strerror(last_error()))
    return result


def end_with_parent(parent):
    """Has this process killed when its parent ends (PR_SET_PDEATHSIG), or ends if it has ended."""
    if LIBC is not None:
        LIBC.prctl(1, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
