"""The story oracle: every run that took place must have told its complete story, whatever the scenario was about.

Pure judgement; runs and streams are looked up by :mod:`support.stores.observers`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.matchers.story import story_faults
from support.platform.story import Event

_CALL_LEFT_OPEN = re.compile(r"tool_completed of call \S+ is missing")


class BrokenStory(AssertionError):
    """A run's story is incomplete, out of order or told twice."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it is stored. ``started`` tells whether an agent ever took it up.

    ``seconds``: how long it was at work; ``finished_at``: seconds since 1970. ``counted_calls``: the tool calls that
    the run says it made, None where nobody counted; ``calls``: outcome and seconds of those that the tools service has,
    by their ids. ``result``: what its end is to tell (answer, partial, usage, error); ``replies``: the answers in its
    conversation, the first of them at ``replied_at`` (seconds since 1970). ``accounted``: the seconds of its steps;
    ``astray``: how many of its calls are recorded as another tenant's. ``started_at``: seconds since 1970, None where
    it is not known.
    """

    id: str
    user_id: str
    tenant_id: str
    status: str
    started: bool
    agent_name: str = ""
    trace_id: str = ""
    seconds: float = 0.0
    finished_at: float = 0.0
    counted_calls: int | None = None
    calls: Mapping[str, tuple[str, float | None]] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    replies: int = 0
    astray: int = 0
    replied_at: float | None = None
    accounted: float | None = None
    started_at: float | None = None

    @property
    def has_ended(self) -> bool:
        return self.status in _END_OF


_END_OF = {
    "completed": "agent_completed",
    "failed": "agent_error",
    "timed_out": "agent_error",
    "cancelled": "agent_cancelled",
}


def broken_stories(runs: Iterable[StoredRun], told: Iterable[Event], calls_at_once: int | None = None) -> list[str]:
    """What is wrong with the stories of the stored runs, one line a run; empty when all are complete.

    :param calls_at_once: how many tool calls of a run are carried out at once at most; None: any number.
    """
    stories: defaultdict[str | None, list[Event]] = defaultdict(list)
    for event in told:
        stories[event.run_id].append(event)
    return [
        f"run {run.id} ({run.status}): {'; '.join(faults[:5])}"
        for run in runs
        if (faults := _faults(run, stories[run.id]) + _crowded(stories[run.id], calls_at_once))
    ]


def untold_thoughts(
    runs: Iterable[StoredRun], told: Iterable[Event], thoughts: Mapping[str, Sequence[str]]
) -> list[str]:
    """What agents of completed runs thought and was not told in these words, one line a run.

    :param thoughts: those that are known, by the ids of the runs.
    """
    heard: defaultdict[str | None, set[object]] = defaultdict(set)
    for event in told:
        if event.type == "agent_thinking":
            heard[event.run_id].add(event.payload.get("thought"))
    return [
        f"run {run.id}: the thought {missing[0]!r} was not told"
        for run in runs
        if run.status == "completed"
        and (missing := [each for each in thoughts.get(run.id, ()) if each not in heard[run.id]])
    ]


def untold_progress(told: Iterable[Event]) -> list[str]:
    """Calls that have read one topic after the other, and did not report each of them, one line a call."""
    events = list(told)  # looked at several times
    done: defaultdict[str | None, list[object]] = defaultdict(list)
    for event in events:
        if event.type == "tool_progress":
            done[event.call_id].append(event.payload.get("done"))
    ended = {
        event.call_id for event in events if event.type == "tool_completed" and event.payload["outcome"] == "succeeded"
    }
    topics = {
        event.call_id: event.payload["parameters"]["topics"]
        for event in events
        if event.type == "tool_executing" and event.call_id in ended and "topics" in event.payload["parameters"]
    }
    return [
        f"the call {call} has reported {done[call]} of {len(own)} topics"
        for call, own in topics.items()
        # One that was taken over by another instance may report some twice.
        if isinstance(own, list) and set(range(1, len(own) + 1)) - {*done[call]}
    ]


def told_late(events: Iterable[Event], opened: Mapping[int, float], limit: float) -> list[str]:
    """What a connection that nothing held up was shown too late, one line an event.

    :param opened: when each connection was opened (Unix seconds); what happened before is sent when that is done.
    :param limit: seconds from the step to its receipt.
    """
    return [
        f"run {event.run_id}: {event.type} came {event.delay:.3f} s after it happened"
        for event in events
        if event.is_timed
        and event.delay is not None
        and event.delay > limit
        and event.moment is not None
        and event.moment > opened.get(event.connection or 0, 0.0)
    ]


def _crowded(story: Sequence[Event], at_once: int | None) -> list[str]:
    """More calls that are told as executing at the same time than are carried out."""
    open_calls, most = set[str | None](), 0
    for event in story:
        if event.type == "tool_executing":
            open_calls.add(event.call_id)
        elif event.type == "tool_completed":
            open_calls.discard(event.call_id)
        most = max(most, len(open_calls))
    return [] if at_once is None or most <= at_once else [f"{most} tool calls are told as executing at the same time"]


def _faults(run: StoredRun, story: Sequence[Event]) -> list[str]:
    if run.status not in _END_OF:
        return [f"it has not ended: {run.status}"]
    faults = story_faults(story, ended_before_start=not run.started)
    if (run.result.get("error") or {}).get("code") == "worker_lost":
        # How its calls ended nobody can tell any more.
        faults = [fault for fault in faults if not _CALL_LEFT_OPEN.fullmatch(fault)]
    ends = [event.type for event in story if event.is_end]
    if ends and ends[-1] != _END_OF[run.status]:
        faults.append(f"stored as {run.status}, told as {ends[-1]}")
    faults += [
        f"{event.type} was told to user {event.user_id}"
        for event in story
        if event.user_id is not None and event.user_id != run.user_id
    ]
    return faults
