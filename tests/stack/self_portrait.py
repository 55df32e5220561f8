"""A module that says what it finds itself to be: `python -m tests.stack.self_portrait ARGUMENT...`."""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

CHANGED = (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ)


def portrait() -> dict[str, object]:
    """Everything that a service could notice, as a JSON value."""
    main = sys.modules["__main__"]
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "argv": sys.argv,
        "original argv": sys.orig_argv,
        "command line": Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(),
        "short name": Path("/proc/self/comm").read_text(),
        "path": sys.path,
        "folder": os.getcwd(),
        "environment": sorted(subprocess.check_output(("env", "-0"), text=True).split("\0")),
        "time zone": time.tzname,
        "main": [__name__, main.__file__, main.portrait is portrait],
        "leads its session": os.getsid(0) == os.getpid() == os.getpgid(0),
        "descriptors": [(number, Path(f"/proc/self/fd/{number}").exists()) for number in range(20)],
        "input": [sys.stdin.read(), os.readlink("/proc/self/fd/0")],
        "unbuffered": [getattr(stream, "write_through", None) for stream in (sys.stdout, sys.stderr)],
        "signals": {name: status[name] for name in ("SigBlk", "SigIgn", "SigCgt")},
        "handlers": {number.name: str(signal.getsignal(number)) for number in signal.valid_signals() & set(CHANGED)},
        "limits": [line for line in Path("/proc/self/limits").read_text().splitlines() if "open files" in line],
        "umask": status["Umask"],
        "collector": [gc.isenabled(), gc.get_threshold()],
        "threads": threading.active_count(),
        "modules of the suite": sorted(name for name in sys.modules if name.startswith("support")),
    }


if __name__ == "__main__":
    print(json.dumps(portrait()))
