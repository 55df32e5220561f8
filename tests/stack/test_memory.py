"""Private memory: what a process has written to since its fork, and nothing that it shares."""

import os
from collections.abc import Callable

from support.stack.memory import private_bytes_of

MEGABYTES = 20 * 2**20


def in_a_fork(do: Callable[[], object]) -> int:
    """The private bytes of a forked process that has done something."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            kept = do()
            os.write(writing, str(private_bytes_of(os.getpid())).encode())
            del kept
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as said:
        return int(said.read())


def test_what_a_process_shares_with_its_parent_is_not_counted():
    shared = bytearray(os.urandom(MEGABYTES))
    assert private_bytes_of(os.getpid()) > MEGABYTES
    assert in_a_fork(lambda: None) < MEGABYTES
    assert in_a_fork(lambda: bytearray(os.urandom(MEGABYTES))) > MEGABYTES
    assert in_a_fork(lambda: shared.reverse()) > MEGABYTES
