"""Ways to end: `python -m tests.stack.endings WAY`."""

import atexit
import os
import signal
import sys


def _raise() -> None:
    raise LookupError("there is no such thing")


WAYS = {
    "returns": lambda: None,
    "exits": lambda: sys.exit(3),
    "refuses": lambda: sys.exit("this cannot be used"),
    "raises": _raise,
    "aborts": os.abort,
    "is interrupted": lambda: os.kill(os.getpid(), signal.SIGINT),
    "is terminated": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "ends at once": lambda: os._exit(4),
}

if __name__ == "__main__":
    atexit.register(print, "the interpreter ends in order")
    WAYS[sys.argv[1]]()
