"""A run in the suite's own words, whatever a platform calls its states and fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """How far a run is, or how it ended."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run failed: the platform's published code, and what its owner reads."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its owner reads it.

    ``result`` is what the agent returned, None without one; ``usage`` what the run reports to have used; ``raw`` all
    that the platform says, for what only some platforms have.
    """

    id: str
    status: RunStatus
    result: Any = None
    error: RunError | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def error_code(self) -> str | None:
        """The code of its error; None without one."""
        return self.error.code if self.error else None

    def part(self, name: str) -> Any:
        """A part of its result by name; None where there is none."""
        return self.result.get(name) if isinstance(self.result, Mapping) else None
