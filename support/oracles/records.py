"""The records oracle: what is stored of a run that has ended agrees everywhere, whatever its end.

Pure judgement; the rows are looked up by :mod:`support.stores.observers`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from support.oracles.story import StoredRun

_CLOSE = 2e-6
"""Stores write times to the microsecond, and a duration as the difference of two of them."""


class DifferentRecords(AssertionError):
    """Two services have stored different things of one run."""


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


def _faults(run: StoredRun, jobs: Sequence[StoredJob]) -> list[str]:
    found = []
    if run.replies != int(run.is_answered):
        found.append(f"{'answered' if run.is_answered else 'without an answer'}, its conversation has {run.replies}")
    # What a lost worker counted is lost with it.
    if run.counted_calls is not None and run.counted_calls != run.calls:
        found.append(f"it counts {run.counted_calls} tool calls, the tools service has {run.calls}")
    if len(jobs) != 1:
        return [*found, f"the analytics service has {len(jobs)} records of it"]
    (job,) = jobs
    for name in ("user_id", "tenant_id", "agent_name", "status", "trace_id"):
        if getattr(job, name) != getattr(run, name):
            found.append(f"its job record has the {name} {getattr(job, name)}, the run {getattr(run, name)}")
    if job.tool_calls != (run.counted_calls or 0):
        found.append(f"its job record counts {job.tool_calls} tool calls, the run {run.counted_calls or 0}")
    for name in ("seconds", "finished_at"):
        if abs(getattr(job, name) - getattr(run, name)) > _CLOSE:
            found.append(f"its job record has the {name} {getattr(job, name)}, the run {getattr(run, name)}")
    return found
