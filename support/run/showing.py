"""Showing a run: what becomes of its results does not depend on whether somebody can still read along."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO


class Showing:
    """The formatters and reporters of a run. One that cannot go on is left out."""

    def __init__(self, shown_by: Iterable[Any], nobody_reads: Callable[[], None]) -> None:
        """`nobody_reads` is called when whoever read along has gone, as `head` does."""
        self._shown_by = list(shown_by)
        self._nobody_reads = nobody_reads
        self.failures: list[str] = []
        """What could not be shown, and why; one line each."""

    def tell(self, what: Callable[[Any], object], those: Callable[[Any], bool] = lambda _: True) -> None:
        """Call `what` with each of `those` that are left."""
        for one in [each for each in self._shown_by if those(each)]:
            try:
                what(one)
                # What is only buffered is noticed too late to be missed.
                if not getattr(getattr(one, "stream", None), "closed", True):
                    one.stream.flush()
            except Exception as error:  # of whatever kind: a run is not lost for it
                self._lose(one, error)

    def _lose(self, one: Any, error: Exception) -> None:
        self._shown_by.remove(one)
        if isinstance(error, OSError) and _writes_to_standard_output(one):
            _discard(sys.stdout)
        if isinstance(error, BrokenPipeError):
            self._nobody_reads()
            return
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        self.failures.append(f"what {type(one).__name__} shows is incomplete: {reason}")


def complain(line: str) -> None:
    """Say a line on the standard error, if anybody is there."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _writes_to_standard_output(one: Any) -> bool:
    try:
        return bool(one.stream.fileno() == sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def _discard(stream: TextIO) -> None:
    """Nothing that is still buffered must fail once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
