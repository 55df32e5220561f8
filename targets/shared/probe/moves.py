"""What an agent does next. A plan is a generator of moves; it is sent what came of each."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Think:
    """Thoughts, one after the other."""

    thoughts: Sequence[str]


@dataclass(frozen=True)
class Call:
    """A call of a tool."""

    tool: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Calls:
    """Calls, all at once. The plan is sent their results in this order; a tool that fails ends it with ToolFailed.

    ``tolerant``: it is sent the ToolFailed of those that failed.
    """

    calls: Sequence[Call]
    tolerant: bool = False


@dataclass(frozen=True)
class Block:
    """Gives nobody else a chance to run for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Ignore:
    """Goes on for so many seconds, also when it is cancelled."""

    seconds: float


@dataclass(frozen=True)
class Wait:
    """Does nothing until it is cancelled, and then goes on."""


class ToolFailed(Exception):
    """A tool could not do its work: ``code`` is tool_failed, invalid_parameters or unknown_tool."""

    def __init__(self, tool: str, code: str, message: str, recoverable: bool) -> None:
        super().__init__(f"The tool '{tool}' failed: {message}")
        self.tool, self.code, self.message, self.recoverable = tool, code, message, recoverable

    @property
    def error(self) -> dict[str, Any]:
        """As it goes into answers."""
        return {"code": self.code, "message": self.message, "recoverable": self.recoverable}


Move = Think | Calls | Block | Ignore | Wait
Answer = dict[str, Any]
Plan = Generator[Move, Any, Answer]
"""Returns the answer."""


def call(tool: str, **parameters: Any) -> Calls:
    """One call."""
    return Calls([Call(tool, parameters)])
