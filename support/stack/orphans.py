"""Clearing away what a run left behind that did not end in order: processes, shared memory, directories."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from support.stack import directories, processes

PROCESS_LIST = "processes.json"
CONTAINERS = "containers"
"""A file in the directory of a run that has containers: for the others no engine is asked."""
_IPC_RMID = 0
_PATIENCE_SECONDS = 1.5
_libc = ctypes.CDLL(None, use_errno=True)


def write_process_list(run_dir: Path, running: Iterable[tuple[processes.Identity, int]]) -> None:
    """Note the running processes, each with the signal that ends it, for whoever has to clear up."""
    entries = [[process.pid, process.start_time, end_signal] for process, end_signal in running]
    fresh = run_dir / f"{PROCESS_LIST}.new"
    fresh.write_text(json.dumps({"boot": _boot(), "processes": entries}))
    fresh.rename(run_dir / PROCESS_LIST)


def sweep(base: Path) -> list[Path]:
    """Clear every run directory and half-made cache entry of `base` without a living owner; returns those cleared."""
    with directories.locked(base / "runs" / ".lock"):
        runs = [path for path in (base / "runs").iterdir() if path.is_dir() and not directories.is_owned(path)]
        for run_dir in runs:
            clear(run_dir)
        unfinished = directories.unfinished_cache_entries(base)
        for path in unfinished:
            remove_shared_memory(path / "data")
            shutil.rmtree(path, ignore_errors=True)
    return [*runs, *unfinished]


def clear(run_dir: Path) -> None:
    """End the processes of a run, remove its shared memory and its directory. Does nothing where nothing is left."""
    members: list[processes.Identity] = []
    for process, end_signal in _read_process_list(run_dir):
        relatives = processes.family(process)
        members.extend(relatives)
        processes.send(relatives[:1], end_signal)
        processes.send(relatives, signal.SIGCONT)
    stubborn = processes.wait_for_end(members, _PATIENCE_SECONDS)
    processes.send(stubborn, signal.SIGKILL)
    processes.wait_for_end(stubborn, _PATIENCE_SECONDS)
    remove(run_dir)


def remove(run_dir: Path) -> None:
    """Remove the directory of a run whose processes have ended, the shared memory of its servers, its containers."""
    if (run_dir / CONTAINERS).exists():
        from support.stack import containers  # loaded by those alone

        containers.remove(run_dir)
    for data_dir in run_dir.glob("*/data"):
        remove_shared_memory(data_dir)
    shutil.rmtree(run_dir, ignore_errors=True)


def remove_shared_memory(data_dir: Path) -> None:
    """Remove the System V segments of a PostgreSQL data directory whose server ended without doing it.

    The server notes its segment in the directory, but not when the disk is full; then the segment's key tells,
    which is the directory's inode. Segments that a living process has attached are left alone.
    """
    try:
        owner = data_dir.stat()
    except FileNotFoundError:
        return
    noted = _noted_segment(data_dir)
    for segment in _unattached_segments():
        is_keyed = segment.key % 2**32 == owner.st_ino % 2**32 and segment.uid == owner.st_uid
        if is_keyed or (segment.key, segment.number) == noted:
            _libc.shmctl(segment.number, _IPC_RMID, None)


class _Segment(NamedTuple):
    key: int
    number: int
    uid: int


def _noted_segment(data_dir: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        key, number = (data_dir / "postmaster.pid").read_text().splitlines()[6].split()
        return int(key), int(number)
    return None


def _unattached_segments() -> list[_Segment]:
    names, *rows = (row.split() for row in Path("/proc/sysvipc/shm").read_text().splitlines())
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [_Segment(int(row["key"]), int(row["shmid"]), int(row["uid"])) for row in found if row["nattch"] == "0"]


def _read_process_list(run_dir: Path) -> list[tuple[processes.Identity, int]]:
    try:
        listed = json.loads((run_dir / PROCESS_LIST).read_text())
    except (OSError, ValueError):
        return []
    if listed["boot"] != _boot():
        return []
    return [(processes.Identity(pid, start_time), end_signal) for pid, start_time, end_signal in listed["processes"]]


def _boot() -> str:
    """Start times count from the boot of the machine: those of another boot say nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + f"/{os.readlink('/proc/self/ns/pid')}"
