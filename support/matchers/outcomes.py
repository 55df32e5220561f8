"""Matchers over the outcomes of requests: did the platform do what was asked?"""

from collections.abc import Sequence

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.outcome import Outcome


def succeeds() -> BaseMatcher[Outcome]:
    """The platform did what the request asked for."""
    return faultless("a request that succeeds", lambda outcome: [] if outcome.done else [f"it was {outcome}"])


def all_succeed() -> BaseMatcher[Sequence[Outcome]]:
    """Requests were made, and the platform did what each of them asked for."""

    def faults(outcomes: Sequence[Outcome]) -> list[str]:
        failed = [str(outcome) for outcome in outcomes if not outcome.done]
        return failed if outcomes else ["no request was made"]

    return faultless("requests that all succeed", faults)
