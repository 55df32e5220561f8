"""The records oracle: what is stored and told of a run that has ended agrees everywhere, whatever its end.

Pure judgement; the rows are looked up by :mod:`support.stores.observers`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from support.oracles.story import StoredRun
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunStatus
from support.platform.story import Event
from support.platform.values import Page

_ROUNDED = 1e-3
"""Seconds that the steps of a run may lack in all, each of them being rounded."""
_CLOCKS = 5e-3
"""Seconds by which two clocks of one machine differ at most."""
_LARGE, _WRITING = 100_000, 2.0
"""Characters of an answer that takes its time to be written, and how long that may be on a busy machine (seconds)."""
_WHOLE_SECONDS = 1.0
"""Some platforms leave out what is less than a second."""
_CLOSE = 2e-6
"""Stores write times to the microsecond, and a duration as the difference of two of them."""


class DifferentRecords(AssertionError):
    """Two services have stored different things of one run, or its customer was told something else."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job record of the analytics store. ``finished_at``: seconds since 1970."""

    run_id: str
    user_id: str
    tenant_id: str
    agent_name: str
    status: str
    trace_id: str
    tool_calls: int
    seconds: float
    finished_at: float


def different_records(runs: Iterable[StoredRun], jobs: Iterable[StoredJob]) -> list[str]:
    """Where the records of ended runs differ, one line a run; empty when they agree."""
    of: defaultdict[str, list[StoredJob]] = defaultdict(list)
    for job in jobs:
        of[job.run_id].append(job)
    return [
        f"run {run.id} ({run.status}): {'; '.join(faults)}"
        for run in runs
        if run.has_ended and (faults := _faults(run, of[run.id]))
    ]


def told_otherwise(runs: Iterable[StoredRun], told: Iterable[Event]) -> list[str]:
    """Where the events of ended runs say something else than what is stored, one line a run.

    What is too large for an event is not in it: an answer is null then, a member holds dots.
    """
    of = {run.id: run for run in runs if run.has_ended}
    found: defaultdict[str, list[str]] = defaultdict(list)
    begun: Counter[str] = Counter()
    for event in told:
        if event.type == "tool_executing":
            begun[event.run_id or ""] += 1
        run = of.get(event.run_id or "")
        if run is not None and event.is_end:
            found[run.id] += _end(run, event)
            if run.counted_calls not in (None, begun[run.id]) and event.run_sequence is not None:
                found[run.id].append(f"it counts {run.counted_calls} tool calls, {begun[run.id]} were told")
        elif run is not None and event.type == "tool_completed":
            found[run.id] += _call(run, event)
    return [f"run {id} ({of[id].status}): {'; '.join(faults)}" for id, faults in found.items() if faults]


def _end(run: StoredRun, event: Event) -> list[str]:
    error = run.result.get("error") or {}
    stored = {**run.result, **error, "duration_seconds": run.seconds}
    found = [
        f"its {event.type} tells the {name} {str(shown)[:200]}, stored is {str(stored[name])[:200]}"
        for name, shown in event.payload.items()
        if name in stored and not _is_left_out(shown) and not _same(shown, stored[name])
    ]
    happened = event.happened_at
    if happened is not None and abs(happened.timestamp() - run.finished_at) > _CLOSE:
        found.append(f"its {event.type} happened at {event.timestamp}, stored is {run.finished_at}")
    return found


def _is_left_out(shown: Any) -> bool:
    return shown is None or (isinstance(shown, Mapping) and set(shown) == {"..."})


def _call(run: StoredRun, event: Event) -> list[str]:
    outcome, seconds = run.calls.get(event.call_id or "", (None, None))
    shown = event.payload.get("duration_seconds")
    if seconds is None or outcome != event.payload.get("outcome") or outcome == "cancelled":
        return []
    return (
        [] if _same(shown, seconds) else [f"the call {event.call_id} told that it took {shown} s, stored is {seconds}"]
    )


def read_otherwise(read: Run, stored: StoredRun) -> list[str]:
    """Where its owner reads something else of an ended run than what is stored."""
    error = stored.result.get("error") or {}
    pairs = {
        "status": (str(read.status), stored.status),
        "result": (read.result, stored.result.get("answer")),
        "partial": (bool(read.is_partial), bool(stored.result.get("partial"))),
        "error": (read.error_code, error.get("code", read.error_code)) if error else (read.error_code, None),
        "trace_id": (read.request.trace_id, stored.trace_id),
    }
    found = [
        f"its owner reads the {name} {str(shown)[:200]}, stored is {str(kept)[:200]}"
        for name, (shown, kept) in pairs.items()
        if shown != kept
    ]
    if read.seconds is not None and abs(read.seconds - stored.seconds) > _CLOSE:
        found.append(f"its owner reads that it took {read.seconds} s, stored is {stored.seconds}")
    return [f"run {stored.id} ({stored.status}): {'; '.join(found)}"] if found else []


def not_what_was_asked(read: Run, *, run_id: str, thread_id: str | None, asked_at: float, now: float) -> list[str]:
    """Where its owner reads of a run what cannot be so of the one that was asked for; times in seconds since 1970."""
    found = []
    if read.id != run_id:
        found.append(f"its owner reads the run {read.id}")
    if thread_id is not None and read.request.thread_id != thread_id:
        found.append(f"its owner reads that it is in the conversation {read.request.thread_id}, it is in {thread_id}")
    if read.request.created_at is not None:
        created = _seconds(read.request.created_at)
        if created is None or not asked_at - _WHOLE_SECONDS <= created <= now + _CLOCKS:
            found.append(f"its owner reads that it was created at {read.request.created_at}, which is not when it was")
    return [f"run {run_id}: {'; '.join(found)}"] if found else []


def _seconds(moment: str) -> float | None:
    """Seconds since 1970; a moment without a time zone is one of UTC."""
    try:
        read = datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def shown_untimely(answers: Iterable[Outcome], runs: Iterable[StoredRun], wall_clock: float, late: float) -> list[str]:
    """Where somebody read a run in another state than the one that it was in, one line an answer.

    :param wall_clock: seconds since 1970 at the monotonic clock's zero.
    :param late: seconds for which a state that is over may still be read; longer where the answer is large, or
        the end is known to the second only.
    """
    of = {run.id: run for run in runs if run.has_ended}
    found = []
    for answer, read in _reads(answers):
        stored = of.get(read.id)
        if stored is not None and (
            fault := _untimely(read.status, stored, wall_clock, answer, late + _patience_with(stored))
        ):
            found.append(f"run {read.id} {fault}: {answer}")
    return found


def _patience_with(run: StoredRun) -> float:
    """Seconds for which its last state may go unseen: it takes its time to be written, or its end is not known well."""
    writing = _WRITING if len(str(run.result.get("answer"))) > _LARGE else 0.0
    return writing + (_WHOLE_SECONDS if run.finished_at.is_integer() else 0.0)


def read_backwards(answers: Iterable[Outcome]) -> list[str]:
    """Where a run was read in an earlier state than before, one line an answer: what was asked later is newer."""
    of: defaultdict[str, list[tuple[Outcome, RunStatus]]] = defaultdict(list)
    for answer, read in _reads(answers):
        of[read.id].append((answer, read.status))
    found = []
    for id, reads in of.items():
        known = sorted(reads, key=lambda each: each[0].sent_at + each[0].seconds)
        answered, furthest = 0, RunStatus.QUEUED
        for answer, status in sorted(reads, key=lambda each: each[0].sent_at):
            while answered < len(known) and known[answered][0].sent_at + known[answered][0].seconds < answer.sent_at:
                furthest = max(furthest, known[answered][1], key=_progress)
                answered += 1
            if _progress(status) < _progress(furthest):
                found.append(f"run {id} was read as {status} after it had been read as {furthest}: {answer}")
    return found


def _progress(status: RunStatus) -> int:
    return 2 if status.is_end else int(status is not RunStatus.QUEUED)


def _untimely(status: RunStatus, stored: StoredRun, wall_clock: float, answer: Outcome, late: float) -> str | None:
    asked, answered = wall_clock + answer.sent_at, wall_clock + answer.sent_at + answer.seconds
    if status.is_end and str(status) != stored.status:
        return f"ended {stored.status}, and was read as {status}"
    if status.is_end and answered < stored.finished_at - _CLOCKS:
        return f"was read as {status} {stored.finished_at - answered:.3f} s before its end"
    if not status.is_end and asked > stored.finished_at + late:
        return f"was read as {status} {asked - stored.finished_at:.3f} s after its end"
    if status is RunStatus.QUEUED and stored.started_at is not None and asked > stored.started_at + late:
        return f"was read as {status} {asked - stored.started_at:.3f} s after it had begun"
    return None


def _reads(answers: Iterable[Outcome]) -> Iterator[tuple[Outcome, Run]]:
    """The runs that answers show."""
    for answer in answers:
        if not answer.done or answer.read is None or '"status"' not in answer.text:
            continue
        try:
            value = answer.value
        except AssertionError:  # it is not as published, which others find
            continue
        for each in value.items if isinstance(value, Page) else [value]:
            if isinstance(each, Run):
                yield answer, each


def _same(shown: Any, stored: Any) -> bool:
    if isinstance(shown, float) and isinstance(stored, float | int):
        return abs(shown - stored) <= _CLOSE
    return bool(shown == stored)


def _faults(run: StoredRun, jobs: Sequence[StoredJob]) -> list[str]:
    found = []
    if run.started and run.accounted is not None and abs(run.accounted - run.seconds) > _ROUNDED:
        found.append(f"its steps account for {run.accounted:.6f} s, it took {run.seconds:.6f} s")
    if run.replied_at is not None and run.replied_at < run.finished_at - _CLOCKS:
        found.append(f"its answer is dated {run.finished_at - run.replied_at:.3f} s before its end")
    if run.astray:
        found.append(f"{run.astray} of its tool calls are recorded as another tenant's")
    is_answered = run.result.get("answer") is not None
    if run.replies != int(is_answered):
        found.append(f"{'answered' if is_answered else 'without an answer'}, its conversation has {run.replies}")
    code = (run.result.get("error") or {}).get("code")
    # What a lost worker counted is lost with it, and what an agent used that had to be given up.
    if run.status in ("completed", "failed") and run.started and run.counted_calls is None and code != "worker_lost":
        found.append("it does not say what it used")
    # What is refused never comes to the tools service.
    if run.counted_calls is not None and run.counted_calls < len(run.calls):
        found.append(f"it counts {run.counted_calls} tool calls, the tools service has {len(run.calls)}")
    if len(jobs) != 1:
        return [*found, f"the analytics service has {len(jobs)} records of it"]
    (job,) = jobs
    for name in ("user_id", "tenant_id", "agent_name", "status", "trace_id"):
        if getattr(job, name) != getattr(run, name):
            found.append(f"its job record has the {name} {getattr(job, name)}, the run {getattr(run, name)}")
    # Of a lost run nobody but the tools service knows how many calls it made.
    made = len(run.calls) if run.counted_calls is None else run.counted_calls
    if job.tool_calls != made:
        found.append(f"its job record counts {job.tool_calls} tool calls, made were {made}")
    for name in ("seconds", "finished_at"):
        if abs(getattr(job, name) - getattr(run, name)) > _CLOSE:
            found.append(f"its job record has the {name} {getattr(job, name)}, the run {getattr(run, name)}")
    return found
