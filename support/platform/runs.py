"""A run in the suite's own words, whatever a platform calls its states and fields."""

from collections.abc import Mapping, Sequence
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
class RunRequest:
    """What was asked for, and by whom: cancelling a run or the time that passes change nothing of it."""

    id: str
    thread_id: str | None = None
    user_id: str | None = None
    agent_name: str | None = None
    input: Any = None
    trace_id: str | None = None
    request_id: str | None = None
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its owner reads it.

    ``result`` is what the agent returned, None without one; ``is_partial`` whether it says that something is missing;
    ``progress`` a number that grows; ``seconds`` how long it was at work; ``usage`` what the run reports to have used;
    ``raw`` all that the platform says, to be compared with itself.
    """

    request: RunRequest
    status: RunStatus
    result: Any = None
    error: RunError | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    progress: int | None = None
    seconds: float | None = None
    is_partial: bool | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def error_code(self) -> str | None:
        """The code of its error; None without one."""
        return self.error.code if self.error else None

    def part(self, name: str) -> Any:
        """A part of its result by name; None where there is none."""
        return self.result.get(name) if isinstance(self.result, Mapping) else None


@dataclass(frozen=True, slots=True)
class RunStep:
    """A step of a run; without a duration (seconds) it has not ended."""

    name: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run as the operator sees it: ``worker`` carries it out, ``seconds`` is how long it took by now."""

    id: str
    status: str
    worker: str | None = None
    seconds: float | None = None
    queued_seconds: float | None = None
    steps: Sequence[RunStep] = ()
