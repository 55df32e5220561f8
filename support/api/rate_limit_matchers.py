"""Matchers over the answers to somebody who asked often: were they granted what their plan allows, and not more?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a plan allows: ``burst`` requests at once, ``per_second`` in the long run."""

    burst: int
    per_second: float


class _GrantedThePlan(BaseMatcher[Sequence[Outcome]]):
    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed

    def _fault(self, item: Sequence[Outcome]) -> str | None:
        granted = [answer for answer in item if answer.done]
        refused = [answer for answer in item if not answer.done]
        if not refused:
            return f"all of {len(item)} were granted"
        for answer in refused:
            if fault := _wrongly_refused(answer, self.allowed):
                return f"{fault}: {answer}"
        burst, per_second = self.allowed.burst, self.allowed.per_second
        took = max(each.sent_at + each.seconds for each in item) - min(each.sent_at for each in item)
        most = burst + per_second * took + 1
        if not burst <= len(granted) <= most:
            return f"{len(granted)} were granted in {took:.1f} s, {burst} to {most:.0f} are allowed"
        return None

    def _matches(self, item: Sequence[Outcome]) -> bool:
        return self._fault(item) is None

    def describe_to(self, description: Description) -> None:
        description.append_text(
            f"as many grants as the plan allows ({self.allowed}), and refusals that say when to come back"
        )

    def describe_mismatch(self, item: Sequence[Outcome], mismatch_description: Description) -> None:
        mismatch_description.append_text(self._fault(item) or "")


def _wrongly_refused(answer: Outcome, allowed: Allowed) -> str | None:
    if answer.meaning is not Meaning.RATE_LIMITED or answer.problem is None or answer.problem.code != "rate_limited":
        return "refused for another reason"
    if (limit := answer.problem.extra.get("limit")) != asdict(allowed):
        return f"told that the plan allows {limit}"
    told: Mapping[str, str] = answer.headers
    after = told.get("retry-after", "")
    return None if after.isdigit() and int(after) >= 1 else f"told to come back after {after!r}"


def were_granted_what_the_plan_allows(allowed: Allowed) -> BaseMatcher[Sequence[Outcome]]:
    """More was asked for than the plan allows; that was granted, and no more than came in addition.

    Each refusal has the published code, says what the plan allows and after how many seconds there is room again.
    """
    return _GrantedThePlan(allowed)


class _AllGranted(BaseMatcher[Sequence[Outcome]]):
    def _matches(self, item: Sequence[Outcome]) -> bool:
        return bool(item) and all(answer.done for answer in item)

    def describe_to(self, description: Description) -> None:
        description.append_text("requests that were all granted")

    def describe_mismatch(self, item: Sequence[Outcome], mismatch_description: Description) -> None:
        refused = [str(answer) for answer in item if not answer.done]
        mismatch_description.append_text(f"{len(refused)} of {len(item)} were not: {'; '.join(refused[:3])}")


def were_all_granted() -> BaseMatcher[Sequence[Outcome]]:
    """Something was asked for, and each time granted."""
    return _AllGranted()
