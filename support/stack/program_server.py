"""A warm parent of programs: `python -m support.stack.program_server` (stdin: a socket).

It imports once what the platform's programs need of other packages, and then forks one for each request that comes
through the socket, and with it a keeper that tells its pid and, once it has ended, its exit code;
`support.stack.programs` holds the other end. Everything ends with it, and it ends when the other end is closed.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from support.stack import processes
from support.stack.forkserver import LONGEST_REQUEST, ForkRequest, run_as, warm_up


def serve(requests: socket.socket) -> tuple[ForkRequest, int, int] | None:
    """Fork a program for each request until the other end is closed, then return None.

    Returns otherwise only in a program: what it is to become, and where its output and its errors go.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = os.getpid()
    while True:
        text, descriptors, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 3)
        if not text:
            return None
        output, errors, told = descriptors
        if os.fork() == 0:
            processes.dies_with(server, signal.SIGKILL)()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if _kept(told):
                return ForkRequest.from_json(text), output, errors
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _kept(told: int) -> bool:
    """Fork the program: true there. Here it is waited for, and what becomes of it is told."""
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        processes.dies_with(keeper, signal.SIGKILL)()
        return True
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return False


def main() -> None:
    """Preload, and fork on request."""
    requests, titles = warm_up()
    forked = serve(requests)
    if forked is None:
        return
    request, output, errors = forked
    os.dup2(output, sys.stdout.fileno())
    os.dup2(errors, sys.stderr.fileno())
    run_as(request, titles)


if __name__ == "__main__":
    main()
