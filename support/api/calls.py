"""Calls of API endpoints with their responses, and matchers over all of them. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.matchers.faultless import faultless
from support.matchers.problems import is_refused_with
from support.platform.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the endpoint at ``place`` (method and path), and its response."""

    place: str
    answer: Outcome


def call_of(answer: Outcome) -> Call:
    """The call that led to a response."""
    return Call(f"{answer.method} {answer.path}", answer)


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a When, in the order in which they were made."""

    made: Sequence[Call]


C = TypeVar("C", bound=Call)


def each_call(expected: str, fault_of: Callable[[C], str | None]) -> BaseMatcher[Sequence[C]]:
    """Calls were made, and none has a fault.

    :param fault_of: what is wrong with a call; None when nothing is.
    """

    def faults_of(calls: Sequence[C]) -> list[str]:
        return [f"{call.place}: {fault}" for call in calls if (fault := fault_of(call))] if calls else ["no call"]

    return faultless(expected, faults_of)


def mismatch(matcher: Matcher[Any], item: Any) -> str | None:
    """How an item fails a matcher; None when it does not."""
    described = StringDescription()
    return None if matcher.matches(item, described) else str(described)


def succeed() -> BaseMatcher[Sequence[Call]]:
    """Each call did what was asked."""
    return each_call("every response is a success", lambda call: None if call.answer.done else str(call.answer))


def are_refused(code: str) -> BaseMatcher[Sequence[Call]]:
    """Each response is the error of that published code, with the status that goes with it."""
    refusal = is_refused_with(code)
    return each_call(f"every response is the error {code}", lambda call: mismatch(refusal, call.answer))
