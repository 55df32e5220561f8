"""How much memory a service's process has to itself, as the kernel counts it."""

from pathlib import Path

from support.scenario.verdict import NotShown
from support.stack.client import Stack


def private_bytes(stack: Stack, service: str) -> int:
    """Bytes of memory that would be free again without the service's process.

    What it shares with others is not counted: its libraries, and what it has of the process that it was forked from.

    :raises NotShown: the service does not run here.
    """
    pid = next((status.pid for status in stack.services() if status.name == service), None)
    if pid is None:
        raise NotShown(f"{service} has no process here")
    return private_bytes_of(pid)


def private_bytes_of(pid: int) -> int:
    """The same of any process of this user."""
    rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    return sum(int(row[1]) * 1024 for row in rows if row[0].startswith("Private_"))
