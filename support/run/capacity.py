"""How many lanes this machine carries: its processors and memory, or what a container leaves of them."""

import os
from pathlib import Path

import psutil

from support.refusal import Refusal

LANE_BYTES = 1536 * 1024**2
"""What one lane needs: a stack of its own, above all the ClickHouse engine, and what plays on it."""

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def processors() -> int:
    """Processors that this process may use."""
    allowed = len(os.sched_getaffinity(0))
    quota, _, period = _limit("cpu.max").partition(" ")
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() and period.isdigit() else allowed


def memory() -> int:
    """Bytes that can still be had."""
    available = int(psutil.virtual_memory().available)
    limit, used = _limit("memory.max"), _limit("memory.current")
    return min(available, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else available


def most_lanes() -> int:
    """Lanes that processors and memory allow; at least one."""
    return max(1, min(processors(), memory() // LANE_BYTES))


def refuse_too_many(lanes: int) -> None:
    """Refusal when memory does not allow so many lanes."""
    if lanes > 1 and lanes * LANE_BYTES > memory():
        needed, free = lanes * LANE_BYTES / 1024**3, memory() / 1024**3
        raise Refusal(
            f"{lanes} lanes need {needed:.1f} GiB of memory ({LANE_BYTES / 1024**3:.1f} GiB each) and {free:.1f} GiB "
            f"are free; use --jobs {most_lanes()}"
        )


def _limit(name: str) -> str:
    try:
        return (_CONTROL_GROUP / name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
