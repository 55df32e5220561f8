"""Matcher over jobs that ask a partner: was each given what it had asked for, and the partner asked once for each?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.scenario.partner import PartnerCall


@dataclass(frozen=True, slots=True)
class Served:
    """One job: what it had to ask the partner for, what it answered, and the requests for any of it."""

    run_id: str
    trace_id: str
    asked_for: Sequence[Sequence[str]]
    given: Any
    requests: Sequence[PartnerCall] = field(repr=False)

    @property
    def faults(self) -> list[str]:
        """What is wrong; empty when it was given all of it, and everything was answered once."""
        due = [place for each in self.asked_for for place in each]
        found = [] if self.given == self.asked_for else [f"it was given {self.given}"]
        answered = Counter(request.path for request in self.requests if request.answered_at is not None)
        found += [f"{place} was answered {answered[place]} times" for place in due if answered[place] != 1]
        keys = Counter(request.idempotency_key for request in self.requests if request.answered_at is not None)
        found += [f"the key {key} was answered {times} times" for key, times in keys.items() if times > 1 or not key]
        foreign = {request.trace_id for request in self.requests} - {self.trace_id}
        found += [f"the partner was asked under the trace {trace}, which is another's" for trace in sorted(foreign)]
        return found


class _EachOnce(BaseMatcher[Sequence[Served]]):
    def __init__(self, at_least: int) -> None:
        self.at_least = at_least

    def _faults(self, item: Sequence[Served]) -> list[str]:
        faults = [f"run {job.run_id}: {fault}" for job in item for fault in job.faults]
        if len(item) < self.at_least:
            faults.insert(0, f"there were only {len(item)} jobs")
        return faults

    def _matches(self, item: Sequence[Served]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"at least {self.at_least} jobs, each with what it asked for, answered once")

    def describe_mismatch(self, item: Sequence[Served], mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text(f"{len(faults)} faults: {'; '.join(faults[:6])}")


def are_each_served_once(at_least: int = 1) -> BaseMatcher[Sequence[Served]]:
    """Every job has what it had asked for, and the partner has answered each of its requests once, as its own."""
    return _EachOnce(at_least)
