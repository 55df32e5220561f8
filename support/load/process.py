"""A process of load, ``python -m support.load KIND``, and how it is told what to do."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

from support.scenario.verdict import NotShown
from support.settings import CHECKOUT
from support.stack.processes import dies_with
from support.surroundings import base_environment


class LoadProcess:
    """One process of load, which ends with this one."""

    def __init__(self, kind: str, *arguments: str) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self._child = subprocess.Popen(
            [sys.executable, "-m", "support.load", kind, *arguments],
            cwd=CHECKOUT,
            env=base_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            preexec_fn=dies_with(os.getpid(), signal.SIGKILL),
        )

    def order(self, do: str, **arguments: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Have an order carried out; gives its results, and what was said at its end.

        :raises NotShown: the process has ended.
        """
        orders, answers = self._child.stdin, self._child.stdout
        if orders is None or answers is None:
            raise NotShown("there is no line to the process of load")
        try:
            orders.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            orders.flush()
        except OSError:
            raise NotShown(f"the process of load has ended: {self._last_words()}") from None
        results: list[dict[str, Any]] = []
        for line in answers:
            result = json.loads(line)
            if "done" in result:
                return results, result
            results.append(result)
        raise NotShown(f"the process of load has ended: {self._last_words()}")

    def kill(self) -> None:
        """The process is gone at once, as when it crashes."""
        self._child.kill()
        self._child.wait()

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):  # a process that has died needs no word
            if self._child.stdin:
                self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
