"""What the platform stream about a run: one event, and the list of events that make a story.

A story: one ``agent_started``; at least one ``agent_thinking``; for each tool call a pair ``tool_executing`` and
``tool_completed`` with one ``call_id``; exactly one end. Agents that the run's agent delegates to tell their part
inside that story, marked with ``parent_run_id``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

ENDS = frozenset({"agent_completed", "agent_error", "agent_cancelled"})
NOTICE = "notice"
CRITICAL = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a customer receives it. ``received_at`` is monotonic seconds, ``received_wall`` Unix seconds.

    ``is_timed``: whether the platform says when events happen; then each of them has a timestamp.
    """

    type: str
    run_id: str | None = None
    thread_id: str | None = None
    agent_name: str | None = None
    sequence: int | None = None
    run_sequence: int | None = None
    timestamp: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    trace_id: str | None = None
    request_id: str | None = None
    user_id: str | None = None
    received_at: float | None = None
    received_wall: float | None = None
    connection: int | None = None
    epoch: str | None = None
    is_timed: bool = True
    raw: str = field(default="", repr=False, compare=False)

    def received(self, at: float, wall: float, connection: int, epoch: str | None, raw: str) -> "Event":
        """The same event with the circumstances of its receipt."""
        return replace(self, received_at=at, received_wall=wall, connection=connection, epoch=epoch, raw=raw)

    @property
    def is_end(self) -> bool:
        """Whether the event ends its run (a delegated agent's end does not)."""
        return self.type in ENDS and not self.delegated

    @property
    def delegated(self) -> bool:
        """Whether an agent that the run's agent delegated to tells this."""
        return bool(self.payload.get("parent_run_id"))

    @property
    def call_id(self) -> str | None:
        return self.payload.get("call_id")

    @property
    def happened_at(self) -> datetime | None:
        """When the step happened, by the platform's clock; None when there is no readable timestamp."""
        if not self.timestamp:
            return None
        try:
            return datetime.fromisoformat(self.timestamp)
        except ValueError:
            return None

    @property
    def moment(self) -> float | None:
        """When it happened (Unix seconds); where the platform does not say, when it came, which is later."""
        if not self.is_timed:
            return self.received_wall
        happened = self.happened_at
        return happened.timestamp() if happened else None

    @property
    def delay(self) -> float | None:
        """Seconds from the step to its receipt (both clocks are this machine's), or None."""
        happened = self.happened_at
        if happened is None or self.received_wall is None:
            return None
        return self.received_wall - happened.timestamp()


@runtime_checkable
class Stream(Protocol):
    """Whatever holds events: a capture of a socket, a user who watches."""

    @property
    def events(self) -> Sequence[Event]: ...


@runtime_checkable
class RunLike(Protocol):
    """Whatever names a run."""

    @property
    def run_id(self) -> str: ...


def overlapping_calls(events: Sequence[Event]) -> list[Event]:
    """The calls that had begun before any had ended."""
    first_end = next((at for at, event in enumerate(events) if event.type == "tool_completed"), len(events))
    return [event for event in events[:first_end] if event.type == "tool_executing"]


def events_of(stream: "Stream | Iterable[Event]") -> list[Event]:
    """The events of a capture or of any iterable."""
    return list(stream.events if isinstance(stream, Stream) else stream)


def of_run(stream: "Stream | Iterable[Event]", run: "RunLike | str | None") -> list[Event]:
    """The events of one run, in order of receipt; all that belong to any run when ``run`` is None."""
    wanted = run.run_id if isinstance(run, RunLike) else run
    return [
        event
        for event in events_of(stream)
        if (event.run_id == wanted if wanted is not None else event.run_id is not None)
    ]
