"""How much memory a service's process has in use, as the kernel counts it."""

import os
from pathlib import Path

from support.stack.client import Stack
from support.verdict import NotShown


def resident_bytes(stack: Stack, service: str) -> int:
    """Bytes of memory that the service's process has resident.

    :raises NotShown: the service does not run here.
    """
    pid = next((status.pid for status in stack.services() if status.name == service), None)
    if pid is None:
        raise NotShown(f"{service} has no process here")
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
