"""What a caller of the stack is told when something cannot be done."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path


class StackError(Exception):
    """One clear line for a person, with the last log lines of the service that caused it, if any."""

    def __init__(self, message: str, log_lines: Sequence[str] = (), log_path: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.log_lines = tuple(log_lines)
        self.log_path = log_path

    def __str__(self) -> str:
        lines = [self.message, *(f"    {line}" for line in self.log_lines)]
        if self.log_path is not None:
            lines.append(f"    (whole log: {self.log_path})")
        return "\n".join(lines)


class Unanswered(StackError):
    """A process of the stack is there and does not answer."""


def from_os_error(error: OSError, doing: str, place: Path | str) -> StackError:
    """The clear line for an operating-system error met while `doing` something at `place`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StackError(f"{doing}: no space left on the disk that holds {place}")
    if error.errno == errno.ENOEXEC:
        return StackError(
            f"{doing}: {place} was built for another kind of machine ({error.strerror}); "
            "reinstall the packages for glibc Linux on x86-64"
        )
    return StackError(f"{doing}: {error.strerror or error} ({error.filename or place})")
