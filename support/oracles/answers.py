"""The answers oracle: whatever a scenario asked, each answer is one that the platform may give.

Pure judgement over the answers of a scenario.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from json import dumps
from math import ceil
from typing import Any

from support.matchers.openapi import path_pattern
from support.matchers.problems import internals_in
from support.matchers.schema import breaches_of
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.runs import Run
from support.platform.story import Event
from support.platform.trace import trace_id_of

Document = Mapping[str, Any]

_LONGEST_WAIT = 60
"""Seconds: nobody who is asked to come back is sent away for longer."""
_LONGEST_SEARCHED = 100_000
"""Characters of a run beside its input and its answer that are searched."""
_ENOUGH = 10
"""So many answers of an endpoint with the same status are held against the schema; the others are like them."""


class WrongAnswer(AssertionError):
    """The platform gave answers that it may not give."""


class Published:
    """The published endpoints, for looking up what an answer may be."""

    def __init__(self, documents: Iterable[Document], reports: Collection[str] = ()) -> None:
        """``reports``: the endpoints (method and path) that tell how a service is, with an error's status as well."""
        self._reports = frozenset(reports)
        self._endpoints = [
            (method.upper(), path_pattern(path), f"{method.upper()} {path}", operation, document)
            for document in documents
            for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{"))
            for method, operation in methods.items()
        ]
        self._checks: dict[tuple[str, str], Callable[[Any], list[str]]] = {}
        self._known: dict[tuple[str, str], Any] = {}

    def place(self, answer: Outcome) -> str | None:
        """The endpoint that was asked; None: there is none with that method and path."""
        found = self._endpoint(answer)
        return found[2] if found else None

    def faults(self, answer: Outcome) -> list[str]:
        """Where status and body are not as published."""
        endpoint = self._endpoint(answer)
        if endpoint is None:
            return []
        _, _, place, operation, document = endpoint
        responses = operation["responses"]
        status = str(answer.status)
        key = status if status in responses else f"{status[0]}XX"
        if key not in responses:
            return [f"the status {status} is not published"]
        content = responses[key].get("content") or {}
        if not content:
            return [f"a body where there is none: {answer.text[:100]!r}"] if answer.text and status == "204" else []
        shown = next((value for name, value in answer.headers.items() if name.lower() == "content-type"), "")
        if shown.partition(";")[0].strip() not in content:
            return [f"it is {shown or 'of no type'}, published is {' or '.join(content)}"]
        if "json" not in next(iter(content)):
            return []
        check = self._checks.get((place, key))
        if check is None:
            schema = next(iter(content.values())).get("schema") or {}
            check = breaches_of({**schema, "components": document.get("components", {})})
            self._checks[place, key] = check
        return check(answer.body)

    def is_report(self, answer: Outcome) -> bool:
        """Whether an error's status tells how a service is, and refuses nothing."""
        return (answer.status or 0) >= 400 and self.place(answer) in self._reports

    def _endpoint(self, answer: Outcome) -> Any:
        asked = (answer.method, answer.path.partition("?")[0])
        if asked not in self._known:
            self._known[asked] = next(
                (each for each in self._endpoints if each[0] == asked[0] and each[1].fullmatch(asked[1])), None
            )
        return self._known[asked]


def wrong_answers(
    answers: Sequence[Outcome], published: Published | None, own_request_ids: Iterable[str], *, has_ids: bool = True
) -> list[str]:
    """What is wrong with the answers, a line each.

    :param own_request_ids: those that a client gave; every other request has one that no other has.
    :param has_ids: whether the platform gives each answer a request ID.
    """
    found: list[str] = []
    looked_at: Counter[tuple[str | None, int | None]] = Counter()
    for answer in answers:
        if answer.status is None:
            continue
        place = published.place(answer) if published else None
        is_report = published is not None and published.is_report(answer)
        faults = [*_headers(answer, has_ids), *(_internals(answer) if is_report else _refusal(answer))]
        looked_at[place, answer.status] += 1
        if published and looked_at[place, answer.status] <= _ENOUGH:
            faults += published.faults(answer)
        if faults:
            found.append(f"{answer}: {'; '.join(faults[:5])}")
    return found + _shared_request_ids(answers, frozenset(own_request_ids))


def _headers(answer: Outcome, has_ids: bool) -> list[str]:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    found = ["it has no request ID"] if has_ids and not headers.get("x-request-id") else []
    shown = headers.get("traceparent")
    if answer.trace_id and shown is not None and not _is_trace(shown, answer.trace_id):
        found.append(f"it shows the trace {shown}, requested was {answer.trace_id}")
    if "location" in headers and answer.status is not None and not 300 <= answer.status < 400:
        return found
    # A stream is told not to be kept as well by being told to be asked for anew.
    fresh = {"no-store", "no-cache"} if "text/event-stream" in headers.get("content-type", "") else {"no-store"}
    if headers.get("cache-control", "no-store") not in fresh:
        found.append(f"it may be cached: {headers['cache-control']}")
    return found


def _is_trace(shown: str, expected: str) -> bool:
    try:
        return trace_id_of(shown) == expected
    except ValueError:
        return False


def _refusal(answer: Outcome) -> list[str]:
    if answer.done:
        return []
    problem = answer.problem
    if problem is None or not problem.code or not problem.detail:
        return [f"a refusal without an explanation: {answer.text[:200]!r}"]
    found = _internals(answer)
    if problem.request_id != answer.request_id:
        found.append(f"it names the request {problem.request_id}, its header {answer.request_id}")
    body = answer.body
    if isinstance(body, dict) and body.get("status") not in (None, answer.status):
        found.append(f"it says the status {body['status']}")
    if answer.meaning in (Meaning.RATE_LIMITED, Meaning.UNAVAILABLE):
        found += _retry_after(answer, problem.extra.get("limit"))
    return found


def _internals(answer: Outcome) -> list[str]:
    return [f"it shows {what}" for what in internals_in(answer.text)]


def _retry_after(answer: Outcome, limit: Any) -> list[str]:
    after = next((value for name, value in answer.headers.items() if name.lower() == "retry-after"), "")
    longest = _LONGEST_WAIT
    if isinstance(limit, Mapping) and limit.get("per_second"):
        # One request is refilled in that time.
        longest = ceil(1 / float(limit["per_second"])) + 1
    if not re.fullmatch(r"[1-9]\d*", after):
        return [f"Retry-After is {after!r}"]
    return [] if int(after) <= longest else [f"Retry-After is {after} s, {longest} s are enough"]


def _shared_request_ids(answers: Sequence[Outcome], own: frozenset[str]) -> list[str]:
    seen = Counter(answer.request_id for answer in answers if answer.status is not None and answer.request_id)
    return [
        f"{times} answers have the request ID {each}" for each, times in seen.items() if times > 1 and each not in own
    ]


_FAILURES = frozenset({"agent_error", "tool_completed"})


def unfit_failures(events: Iterable[Event]) -> list[str]:
    """Failures that were reported to customers with something of the inside, a line each."""
    return [
        f"{event.type} of run {event.run_id} shows {what}"
        for event in events
        if event.type in _FAILURES and event.payload.get("outcome") != "succeeded"
        for what in internals_in(dumps(event.payload, ensure_ascii=False))
    ]


def unfit_run(read: Run) -> list[str]:
    """What of the inside a run shows its owner, beside what was asked and answered, a line each."""
    rest = {
        name: value for name, value in read.raw.items() if value is not read.request.input and value is not read.result
    }
    # A run may hold megabytes of what its agent has said: to search all of it keeps this process from everything else.
    shown = dumps(rest, ensure_ascii=False)[:_LONGEST_SEARCHED]
    return [f"run {read.id} shows its owner {what}" for what in internals_in(shown)]
