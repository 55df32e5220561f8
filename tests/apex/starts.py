"""Starts of a worker that are refused: as an operator starts it, or many at the cost of one."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from apex.runtime.launch import main
from support.settings import CHECKOUT

Ended = tuple[int, str]
"""Exit code, and what was said on stderr."""

SECONDS = 60


def start(config: Path, *arguments: str) -> Ended:
    """Start a worker from the command line."""
    command = [sys.executable, "-m", "apex.worker", "--config", str(config), *arguments]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=SECONDS)
    return ended.returncode, ended.stderr


def start_from_memory(config: Path, *arguments: str) -> Ended:
    """Start a worker in a process that has the platform's code in memory already, and is the same otherwise."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "apex.worker.app", "apex.runtime.seeding", "defects"])
    said = config.with_suffix(".stderr")
    process = context.Process(target=_serve, args=(said, ("--config", str(config), *arguments)))
    process.start()
    process.join(SECONDS)
    assert process.exitcode is not None, "the start was not refused"
    return process.exitcode, said.read_text(encoding="utf-8")


def _serve(said: Path, arguments: tuple[str, ...]) -> None:
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    main("worker", arguments)
