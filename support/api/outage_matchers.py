"""Matchers over failures: is each told by a stable name and its request's number, and does a log know more?"""

from collections.abc import Sequence
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.matchers.problems import internals_in
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


class Tried(Protocol):
    """What was asked for, and what came of it."""

    @property
    def place(self) -> str: ...

    @property
    def answer(self) -> Outcome: ...


class _Each(BaseMatcher[Sequence[Tried]]):
    """There are answers, and none has a fault."""

    said = ""

    def fault(self, answer: Outcome) -> str | None:
        raise NotImplementedError

    def _faults(self, item: Sequence[Tried]) -> list[str]:
        if not item:
            return ["nothing was tried"]
        return [f"{tried.place}: {fault}" for tried in item if (fault := self.fault(tried.answer))]

    def _matches(self, item: Sequence[Tried]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self.said)

    def describe_mismatch(self, item: Sequence[Tried], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


class _ToldAs(_Each):
    def __init__(self, meaning: Meaning, code: str) -> None:
        self.meaning = meaning
        self.code = code
        self.said = f"failures, each told as {code} under its request's number"

    def fault(self, answer: Outcome) -> str | None:
        problem = answer.problem
        if answer.meaning is not self.meaning or problem is None or problem.code != self.code:
            return str(answer)
        if not problem.request_id or problem.request_id != answer.request_id:
            return f"the number is {problem.request_id!r}, the request's {answer.request_id!r}"
        return None

    def _faults(self, item: Sequence[Tried]) -> list[str]:
        numbers = [tried.answer.request_id for tried in item]
        return super()._faults(item) or (["requests share a number"] if len(set(numbers)) < len(numbers) else [])


class _ShowNothing(_Each):
    said = "answers that show nothing of the inside"

    def fault(self, answer: Outcome) -> str | None:
        shown = internals_in(answer.text) + internals_in(str(dict(answer.headers)))
        return f"it shows {', '.join(shown)}: {answer}" if shown else None


def are_told_as(meaning: Meaning, code: str) -> BaseMatcher[Sequence[Tried]]:
    """Each is a failure of that meaning and published code, with the number of its own request and of no other."""
    return _ToldAs(meaning, code)


def show_nothing_of_the_inside() -> BaseMatcher[Sequence[Tried]]:
    """There are answers; no body and no header shows a stack trace, path, SQL, exception, inner address or secret."""
    return _ShowNothing()


class _ExplainEach(BaseMatcher[Sequence[Any]]):
    """Over the fields of log lines."""

    def __init__(self, request_ids: Sequence[str | None]) -> None:
        self.request_ids = request_ids

    def _left_out(self, item: Sequence[Any]) -> list[str]:
        explained = {line.get("request_id") for line in item if line.get("level") == "error" and line.get("exception")}
        return [str(number) for number in self.request_ids if number is None or number not in explained]

    def _matches(self, item: Sequence[Any]) -> bool:
        return bool(self.request_ids) and not self._left_out(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"the exception behind each of {len(self.request_ids)} failures in the log")

    def describe_mismatch(self, item: Sequence[Any], mismatch_description: Description) -> None:
        left_out = self._left_out(item)
        mismatch_description.append_text(f"{len(left_out)} are left out: {', '.join(left_out[:5])}")


def explain_each(request_ids: Sequence[str | None]) -> BaseMatcher[Sequence[Any]]:
    """Log lines (their fields) with an error for each of the requests, the exception among its details."""
    return _ExplainEach(request_ids)
