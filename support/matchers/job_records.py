"""Matcher over the job records of every service: is it the same job, once, everywhere?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.story import Event

Row = Mapping[str, Any]
# Stores write times to the microsecond, and a duration as the difference of two of them.
_CLOSE = 2e-6


@dataclass(frozen=True, slots=True)
class JobRecords:
    """One job as it was requested, as each service has recorded it, and as its customer has followed it.

    :param runs: the backend's rows under the job's trace; ``replies``: its answers in the conversation.
    :param calls: the tools service's rows under the run or the trace.
    :param jobs: the analytics service's rows, every copy of its own.
    :param received: the live events of the run.
    """

    run_id: str
    trace_id: str
    user_id: str
    tenant_id: str
    agent_name: str
    runs: Sequence[Row]
    replies: int
    calls: Sequence[Row]
    jobs: Sequence[Row]
    received: Sequence[Event] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        """Where the records differ from one job; empty when they agree."""
        if len(self.runs) != 1:
            return [f"the backend has it {len(self.runs)} times"]
        (run,) = self.runs
        requested = {"user_id": self.user_id, "tenant_id": self.tenant_id, "agent_name": self.agent_name}
        found = _differences("the backend's record", run, {"id": self.run_id, **requested})
        if self.replies != int(run["answered"]):
            found.append(f"the conversation has {self.replies} answers")
        found += self._calls(run)
        if len(self.jobs) != 1:
            return [*found, f"the analytics service has it {len(self.jobs)} times"]
        (job,) = self.jobs
        found += _differences(
            "the analytics record",
            job,
            {"run_id": self.run_id, "trace_id": self.trace_id, "status": run["status"], **requested},
        )
        found += _differences("the analytics record", job, {"tool_calls": len(self.calls)})
        for name in ("duration_seconds", "finished_at"):
            if abs(job[name] - run[name]) > _CLOSE:
                found.append(f"the analytics record has {name} {job[name]}, the backend {run[name]}")
        return found

    def _calls(self, run: Row) -> list[str]:
        expected = {
            "run_id": self.run_id,
            "trace_id": self.trace_id,
            "user_id": self.user_id,
            "tenant_id": self.tenant_id,
        }
        found = []
        for call in self.calls:
            found += _differences(f"the record of the call of {call['tool_name']}", call, expected)
        received = [
            (event.call_id, event.payload.get("tool_name"), event.payload.get("outcome"))
            for event in self.received
            if event.type == "tool_completed"
        ]
        recorded = [(call["id"], call["tool_name"], call["status"]) for call in self.calls]
        if sorted(map(str, received)) != sorted(map(str, recorded)):
            found.append(f"the tools service has the calls {recorded}, the events name {received}")
        if run["tool_calls"] != len(self.calls):
            found.append(f"the run counts {run['tool_calls']} tool calls, the tools service {len(self.calls)}")
        return found


def _differences(where: str, row: Row, expected: Row) -> list[str]:
    return [f"{where} has {name} {row[name]}, not {value}" for name, value in expected.items() if row[name] != value]


def are_one_job_each(at_least: int = 1) -> BaseMatcher[Sequence[JobRecords]]:
    """Every service has one record of each job, and the records agree with each other and with the events."""

    def faults_of(jobs: Sequence[JobRecords]) -> list[str]:
        too_few = [f"there were only {len(jobs)} jobs"] if len(jobs) < at_least else []
        return too_few + [f"run {job.run_id}: {fault}" for job in jobs for fault in job.faults]

    return faultless(f"at least {at_least} jobs, one record of each in every service, all records agreeing", faults_of)
