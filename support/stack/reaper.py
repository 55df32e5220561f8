"""Waits for the supervisor's end and clears up after it: `python -m support.stack.reaper RUN_DIR` (stdin: a pipe).

The supervisor holds the other end of the pipe and nobody else does, so it closes however the supervisor ends. An
orderly supervisor has cleared everything by then and the reaper finds nothing to do.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from support.stack import directories, orphans


def main() -> None:
    """Wait, then clear the run directory given on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run_dir = Path(sys.argv[1])
    while sys.stdin.buffer.read(1):
        pass
    with directories.locked(run_dir.parent / ".lock"):
        if run_dir.is_dir():
            orphans.clear(run_dir)


if __name__ == "__main__":
    main()
