"""Matchers over errors: has each a stable code and its request ID, and does only the log have the details?"""

from collections.abc import Mapping, Sequence
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, each_call
from support.matchers.faultless import faultless
from support.matchers.problems import internals_in
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome


def are_failures(meaning: Meaning, code: str) -> BaseMatcher[Sequence[Call]]:
    """Each response is an error of that meaning and published code, with the ID of its own request and of no other."""

    def faults_of(calls: Sequence[Call]) -> list[str]:
        ids = [call.answer.request_id for call in calls]
        shared = sorted({str(id) for id in ids if ids.count(id) > 1})
        found = [f"{call.place}: {fault}" for call in calls if (fault := fault_of(call.answer))]
        found += [f"several requests have the ID {id}" for id in shared]
        return found if calls else ["no call"]

    def fault_of(answer: Outcome) -> str | None:
        problem = answer.problem
        if answer.meaning is not meaning or problem is None or problem.code != code:
            return str(answer)
        if not problem.request_id or problem.request_id != answer.request_id:
            return f"the body has the request ID {problem.request_id!r}, the header {answer.request_id!r}: {answer}"
        return None

    return faultless(f"every response is the error {code} with its request ID", faults_of)


def show_nothing_internal() -> BaseMatcher[Sequence[Call]]:
    """No body and no header shows a stack trace, path, SQL, exception, inner address or secret."""

    def fault_of(call: Call) -> str | None:
        shown = internals_in(call.answer.text) + internals_in(str(dict(call.answer.headers)))
        return f"shows {', '.join(shown)}: {call.answer}" if shown else None

    return each_call("every response contains no internal details", fault_of)


def explain(calls: Sequence[Call]) -> BaseMatcher[Sequence[Mapping[str, Any]]]:
    """Log lines (their fields) with an error and its exception under the request ID of each call."""

    def faults_of(lines: Sequence[Mapping[str, Any]]) -> list[str]:
        explained = {line.get("request_id") for line in lines if line.get("level") == "error" and line.get("exception")}
        ids = [(call.place, call.answer.request_id) for call in calls]
        missing = [f"no exception for {place} ({id})" for place, id in ids if id is None or id not in explained]
        return missing if calls else ["no call"]

    return faultless(f"the exception of each of {len(calls)} errors in the log", faults_of)
