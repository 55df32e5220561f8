"""Matchers over events: is the story of a run complete, in order, and told once?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.story import NOTICE, Event, RunLike, Stream, events_of, of_run

SomeEvents = Stream | Iterable[Event]


def story_faults(events: Sequence[Event], *, ended_before_start: bool = False) -> list[str]:
    """Everything that is wrong with the story of one run; empty when it is complete.

    :param events: the run's events in the order in which they came.
    :param ended_before_start: the run was cancelled or failed before an agent took it up, so that its story is
        nothing but its end.
    """
    if not events:
        return ["nothing was told"]
    if ended_before_start:
        return _only_an_end(events) + _numbering(events) + _times(events)
    own = [event for event in events if not event.delegated]
    return (
        _beginning(own)
        + _thinking(own)
        + _calls(events)
        + _ending(events, own)
        + _delegates(events)
        + _numbering(events)
        + _times(events)
    )


def numbering_faults(events: Sequence[Event], *, after: int | None = None) -> list[str]:
    """Gaps, doubles and steps back in ``sequence``, the numbering per user (notices included).

    A new stream epoch starts a new numbering.

    :param after: the number that the first event follows, when it is known.
    """
    faults: list[str] = []
    for epoch, part in groupby(events, key=lambda event: event.epoch):
        first = after if epoch == events[0].epoch else None
        faults += _counting([event.sequence for event in part], "sequence", first)
    return faults


def _only_an_end(events: Sequence[Event]) -> list[str]:
    if len(events) == 1 and events[0].is_end:
        return []
    return [f"a run that never started tells only its end, but told {_names(events)}"]


def _beginning(own: Sequence[Event]) -> list[str]:
    faults = []
    starts = [event for event in own if event.type == "agent_started"]
    if len(starts) != 1:
        faults.append("agent_started is missing" if not starts else f"agent_started came {len(starts)} times")
    if starts and own and own[0].type != "agent_started":
        faults.append(f"{own[0].type} came before agent_started")
    return faults


def _thinking(own: Sequence[Event]) -> list[str]:
    return [] if any(event.type == "agent_thinking" for event in own) else ["agent_thinking is missing"]


def _calls(events: Sequence[Event]) -> list[str]:
    faults = []
    executing: Counter[str | None] = Counter()
    completed: Counter[str | None] = Counter()
    callers: dict[str | None, tuple[Any, ...]] = {}
    for event in events:
        caller = (event.agent_name, event.payload.get("tool_name"), event.payload.get("parent_run_id"))
        if event.type == "tool_progress" and "tool_name" not in event.payload and event.call_id in callers:
            # Not every platform names the tool once more; whose must is published, and looked at elsewhere.
            caller = (event.agent_name, callers[event.call_id][1], event.payload.get("parent_run_id"))
        if event.type == "tool_executing":
            executing[event.call_id] += 1
            callers[event.call_id] = caller
        elif event.type == "tool_progress" and callers.get(event.call_id) != caller:
            faults.append(f"call {event.call_id} of {callers.get(event.call_id)} reported as one of {caller}")
        elif event.type == "tool_completed":
            completed[event.call_id] += 1
            if callers.get(event.call_id, caller) != caller:
                faults.append(f"call {event.call_id} of {callers[event.call_id]} ended as one of {caller}")
            if completed[event.call_id] > executing[event.call_id]:
                faults.append(f"tool_completed of call {event.call_id} came without its tool_executing before it")
    for call in {*executing, *completed}:
        if call is None:
            faults.append("a tool event without call_id")
        if executing[call] > completed[call]:
            faults.append(f"tool_completed of call {call} is missing")
        if executing[call] > 1:
            faults.append(f"tool_executing of call {call} came {executing[call]} times")
        if completed[call] > 1:
            faults.append(f"tool_completed of call {call} came {completed[call]} times")
    return faults


def _ending(events: Sequence[Event], own: Sequence[Event]) -> list[str]:
    ends = [event for event in own if event.is_end]
    if not ends:
        return ["the end is missing"]
    if len(ends) > 1:
        return [f"the run ended {len(ends)} times: {_names(ends)}"]
    position = next(index for index, event in enumerate(events) if event.is_end)
    after = events[position + 1 :]
    return [f"{_names(after)} came after the end"] if after else []


def _delegates(events: Sequence[Event]) -> list[str]:
    faults = []
    open_parts: Counter[str | None] = Counter()
    for event in events:
        if not event.delegated:
            if event.is_end:
                faults += [f"the run ended before its delegate {name} did" for name, n in open_parts.items() if n > 0]
            continue
        if event.payload["parent_run_id"] != event.run_id:
            faults.append(f"{event.type} of the delegate {event.agent_name} names another parent run")
        if event.type == "agent_started":
            open_parts[event.agent_name] += 1
        elif event.type in ("agent_completed", "agent_error", "agent_cancelled"):
            open_parts[event.agent_name] -= 1
            if open_parts[event.agent_name] < 0:
                faults.append(f"the delegate {event.agent_name} ended without having started")
    return faults


def _numbering(events: Sequence[Event]) -> list[str]:
    return _counting([event.run_sequence for event in events], "run_sequence", 0)


def _counting(numbers: Sequence[int | None], name: str, after: int | None) -> list[str]:
    faults = []
    expected = after + 1 if after is not None else None
    for number in numbers:
        if number is None:
            faults.append(f"an event without {name}")
            continue
        if expected is not None and number != expected:
            kind = "gap" if number > expected else "double or step back"
            faults.append(f"{name}: {kind}, {number} came where {expected} was due")
        expected = number + 1
    return faults


def _times(events: Sequence[Event]) -> list[str]:
    faults = []
    latest = None
    for event in (event for event in events if event.is_timed):
        happened = event.happened_at
        if happened is None:
            faults.append(f"{event.type} has no readable timestamp: {event.timestamp!r}")
        elif happened.tzinfo is None:
            faults.append(f"the timestamp of {event.type} has no time zone: {event.timestamp!r}")
        else:
            if latest is not None and happened < latest:
                faults.append(f"the timestamp of {event.type} goes back ({event.timestamp})")
            latest = happened
    return faults


def _names(events: Iterable[Event]) -> str:
    return ", ".join(event.type for event in events)


def _outline(events: Sequence[Event]) -> str:
    line = [
        f"{event.run_sequence if event.run_sequence is not None else event.sequence}:{event.type}" for event in events
    ]
    return " ".join(line) if len(line) <= 40 else f"{' '.join(line[:40])} ... ({len(line)} events)"


def tells_a_complete_story(
    of: RunLike | str | None = None, *, ended_before_start: bool = False
) -> BaseMatcher[SomeEvents]:
    """Events tell the complete story of a run (of every run they speak of, when ``of`` is None)."""

    def faults_of(stream: SomeEvents) -> list[str]:
        events = of_run(stream, of)
        if not events:
            return ["no event came"]
        faults = []
        for run_id in dict.fromkeys(event.run_id for event in events):
            part = [event for event in events if event.run_id == run_id]
            faults += story_faults(part, ended_before_start=ended_before_start)
        return faults

    return faultless(
        "a complete story, in order, each event once", faults_of, lambda stream: _outline(of_run(stream, of))
    )


def has_no_gap(after: int | None = None) -> BaseMatcher[SomeEvents]:
    """The per-user numbering has no gap and no double; ``after`` is the number before the first event."""

    def faults_of(stream: SomeEvents) -> list[str]:
        events = events_of(stream)
        return numbering_faults(events, after=after) if events else ["no event came"]

    return faultless("events numbered without gap, double or step back", faults_of, _all)


def has_no_gap_in_any_run() -> BaseMatcher[SomeEvents]:
    """The numbering within each run begins with its first event and has no gap and no double."""

    def faults_of(stream: SomeEvents) -> list[str]:
        events = of_run(stream, None)
        runs = dict.fromkeys(event.run_id for event in events)
        faults = [f"{fault} (run {run})" for run in runs for fault in _numbering(of_run(events, run))]
        return faults if events else ["no event came"]

    return faultless("each run's events numbered without gap, double or step back", faults_of, _all)


def has_the_notice(notice_id: str, times: int = 1) -> BaseMatcher[SomeEvents]:
    """A notice came, exactly ``times`` times, and no other did."""

    def faults_of(stream: SomeEvents) -> list[str]:
        notices = [event for event in events_of(stream) if event.type == NOTICE]
        own = [event for event in notices if event.payload.get("notice_id") == notice_id]
        faults = [] if len(own) == times else [f"it came {len(own)} times"]
        others = len(notices) - len(own)
        return faults + ([f"{others} other notices came"] if others else [])

    return faultless(f"the notice {notice_id}, {times} time(s), and no other notice", faults_of, _all)


def _all(stream: SomeEvents) -> str:
    return _outline(events_of(stream))
