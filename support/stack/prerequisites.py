"""Is this machine one that the stack runs on?

Standard library only and written for old interpreters too: the commands in `bin/` ask this before anything is
installed (`python3 support/stack/prerequisites.py` prints the reason and exits 1 on an unsupported machine).
"""

import platform
import sys

OLDEST_PYTHON = (3, 11)


def check_platform():  # type: () -> str | None
    """None on a supported machine, otherwise one line that says what is missing."""
    found = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return "Python 3.11 or newer is needed; this is Python {}".format(found)
    if platform.python_implementation() != "CPython":
        return "CPython is needed; this is {}".format(platform.python_implementation())
    if sys.platform != "linux":
        return "Linux is needed (the services are Linux binaries); this is {}".format(sys.platform)
    if platform.machine() not in ("x86_64", "amd64"):
        return "An x86-64 machine is needed; this is {}".format(platform.machine() or "unknown")
    if sys.maxsize < 2**32:
        return "A 64-bit Python is needed; this one is 32-bit"
    libc, version = platform.libc_ver()
    if libc != "glibc":
        return "Linux with glibc is needed; this Python runs on {}".format(libc or "another libc (musl?)")
    if tuple(int(part) for part in version.split(".")[:2]) < (2, 28):
        return "glibc 2.28 or newer is needed; this machine has {}".format(version)
    return None


if __name__ == "__main__":
    reason = check_platform()
    if reason is not None:
        sys.exit(reason)
