"""Matcher over what every service has on record of jobs: is it the same job, once, everywhere?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.platform.story import Event

Row = Mapping[str, Any]
# Stores write times to the microsecond, and a duration as the difference of two of them.
_CLOSE = 2e-6


@dataclass(frozen=True, slots=True)
class Ledger:
    """One job as it was asked for, as each service has it on record, and as its customer was told of it.

    :param runs: the backend's rows under the job's trace; ``replies``: its answers in the conversation.
    :param calls: the tools service's rows under the run or the trace.
    :param jobs: the analytics service's rows, every copy of its own.
    :param told: the live events of the run.
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
    told: Sequence[Event] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        """Where the records do not tell of one job; empty when they do."""
        if len(self.runs) != 1:
            return [f"the backend has it {len(self.runs)} times"]
        (run,) = self.runs
        asked = {"user_id": self.user_id, "tenant_id": self.tenant_id, "agent_name": self.agent_name}
        found = _differences("the backend's record", run, {"id": self.run_id, **asked})
        if self.replies != int(run["answered"]):
            found.append(f"the conversation has {self.replies} answers")
        found += self._calls(run)
        if len(self.jobs) != 1:
            return [*found, f"the analytics service has it {len(self.jobs)} times"]
        (job,) = self.jobs
        found += _differences(
            "the analytics record",
            job,
            {"run_id": self.run_id, "trace_id": self.trace_id, "status": run["status"], **asked},
        )
        found += _differences("the analytics record", job, {"tool_calls": len(self.calls)})
        for name in ("duration_seconds", "finished_at"):
            if abs(job[name] - run[name]) > _CLOSE:
                found.append(f"the analytics record has {name} {job[name]}, the backend {run[name]}")
        return found

    def _calls(self, run: Row) -> list[str]:
        due = {"run_id": self.run_id, "trace_id": self.trace_id, "user_id": self.user_id, "tenant_id": self.tenant_id}
        found = []
        for call in self.calls:
            found += _differences(f"the record of the call of {call['tool_name']}", call, due)
        told = [
            (event.call_id, event.payload.get("tool_name"), event.payload.get("outcome"))
            for event in self.told
            if event.type == "tool_completed"
        ]
        recorded = [(call["id"], call["tool_name"], call["status"]) for call in self.calls]
        if sorted(map(str, told)) != sorted(map(str, recorded)):
            found.append(f"the tools service has the calls {recorded}, told were {told}")
        if run["tool_calls"] != len(self.calls):
            found.append(f"the run counts {run['tool_calls']} tool calls, the tools service {len(self.calls)}")
        return found


def _differences(where: str, row: Row, due: Row) -> list[str]:
    return [f"{where} has {name} {row[name]}, not {value}" for name, value in due.items() if row[name] != value]


class _OneJobEach(BaseMatcher[Sequence[Ledger]]):
    def __init__(self, at_least: int) -> None:
        self.at_least = at_least

    def _faults(self, item: Sequence[Ledger]) -> list[str]:
        faults = [f"run {ledger.run_id}: {fault}" for ledger in item for fault in ledger.faults]
        if len(item) < self.at_least:
            faults.insert(0, f"there were only {len(item)} jobs")
        return faults

    def _matches(self, item: Sequence[Ledger]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"at least {self.at_least} jobs, each once on every record, all records agreeing")

    def describe_mismatch(self, item: Sequence[Ledger], mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text(f"{len(faults)} faults: {'; '.join(faults[:6])}")


def are_one_job_each(at_least: int = 1) -> BaseMatcher[Sequence[Ledger]]:
    """Every service has each job on record once, and what they have agrees with each other and with what was told."""
    return _OneJobEach(at_least)
