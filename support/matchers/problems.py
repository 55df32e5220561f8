"""Matchers over refusals and failures: are they the right ones, and fit to be read by a customer?"""

import re
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import differences, faultless
from support.matchers.isolation import text_of
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome, Problem
from support.redaction import redact

# What no customer should ever read, by the name under which a failure message speaks of it.
_INTERNALS = (
    ("a stack trace", re.compile(r'Traceback \(most recent call|File "[^"]+", line \d+|\bat 0x[0-9a-f]{6,}')),
    ("a path", re.compile(r"(?<![\w:/.])/(?:usr|home|var|tmp|opt|etc|srv|root|work|app)/[\w./-]+|\b\w+\.py\b")),
    (
        "SQL",
        # Prose may select a plan from a list; only statements do it in capitals, or where something holds.
        re.compile(
            r"\bSELECT\b.+\bFROM\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b"
            r"|(?i:\binsert into\b|\bselect\b.+\bfrom\b.+\bwhere\b|\bpsycopg|\bsqlalchemy\b|\bsqlstate\b)"
        ),
    ),
    ("an exception", re.compile(r"\b(?:[A-Z][a-z]+){1,4}(?:Error|Exception)\b|\b\w+\.exceptions?\.\w+")),
    ("a cloud provider's own words", re.compile(r"\bAn error occurred \(|\bwhen calling the \w+ operation\b")),
    (
        "a database's own words",
        re.compile(
            r'\b(?:relation|column|constraint|schema|database|role) "\w+"|\b(?:CONTEXT|DETAIL|HINT|STATEMENT):  ?\S'
            r"|\bcanceling statement\b|\bduplicate key\b|\bdeadlock detected\b|\bserver closed the connection\b"
            r"|\bcould not serialize\b|\bDB::\w+|\b(?:WRONGPASS|NOAUTH|READONLY|LOADING|MISCONF) [A-Za-z]"
        ),
    ),
    ("an operating system's own words", re.compile(r"\[Errno -?\d+\]|\bECONN\w+\b|\bName or service not known\b")),
    ("an inner address", re.compile(r"\b127\.0\.0\.1\b|\blocalhost\b|\b[a-z]+://[^\s/]*:\d{4,5}")),
)


class Answered(Protocol):
    """What a refusal is read from."""

    @property
    def meaning(self) -> Meaning: ...

    @property
    def problem(self) -> Problem | None: ...


def internals_in(text: str) -> list[str]:
    """What of the inside a text shows; empty when it is fit for a customer."""
    found = [f"{name} ({match[0][:60]})" for name, pattern in _INTERNALS if (match := pattern.search(text))]
    # What is masked already stays as it is; any other change is a secret.
    if redact(text) != text:
        found.append("a secret")
    return found


_MEANING_OF = {
    "unauthenticated": Meaning.UNAUTHENTICATED,
    "permission_denied": Meaning.PERMISSION_DENIED,
    "not_found": Meaning.NOT_FOUND,
    "conflict": Meaning.CONFLICT,
    "allowance_exceeded": Meaning.CONFLICT,
    "invitation_expired": Meaning.GONE,
    "invitation_used": Meaning.GONE,
    "validation_failed": Meaning.INVALID,
    "unknown_agent": Meaning.INVALID,
    "rate_limited": Meaning.RATE_LIMITED,
    "idempotency_key_reused": Meaning.CONFLICT,
    "unavailable": Meaning.UNAVAILABLE,
    "outcome_unknown": Meaning.UNAVAILABLE,
    "internal_error": Meaning.FAILED,
    "time_limit_exceeded": Meaning.UNAVAILABLE,
}


def is_refused_with(code: str) -> BaseMatcher[Answered]:
    """A refusal of that published code, with the status that goes with it.

    :raises KeyError: no such code is published.
    """
    meaning = _MEANING_OF[code]
    # Of what is named in a request and does not exist some platforms say that it cannot be found.
    meanings = {meaning, Meaning.NOT_FOUND} if code == "unknown_agent" else {meaning}

    def faults_of(answer: Answered) -> list[str]:
        problem = answer.problem
        refused = answer.meaning in meanings and problem is not None and problem.code == code
        return [] if refused else [f"it was {answer}"]

    return faultless(f"a refusal: {meaning.value} ({code})", faults_of)


def is_fit_for_a_customer() -> BaseMatcher[Any]:
    """Text that says something and shows no stack trace, path, SQL, exception, inner address or secret."""

    def faults_of(shown: Any) -> list[str]:
        text = text_of(shown)
        if not text.strip():
            return ["it said nothing"]
        found = internals_in(text)
        return [f"it showed {', '.join(found)}: {redact(text)[:300]}"] if found else []

    return faultless("a message fit for a customer", faults_of)


def essence(outcome: Outcome) -> dict[str, Any]:
    """Status, headers and body of an answer without what differs between any two."""
    body = {**outcome.body, "request_id": ""} if isinstance(outcome.body, dict) else outcome.body
    headers = {name.lower(): value for name, value in outcome.headers.items()}
    for name in ("x-request-id", "traceparent", "date"):
        if headers.pop(name, None) is not None:
            headers[name] = "(present)"
    return {"status": outcome.status, "headers": headers, "body": body}


def is_indistinguishable_from(answer_to_nothing: Outcome) -> BaseMatcher[Outcome]:
    """The answer that is given for an id that never existed: nothing tells that this one does."""

    def faults_of(answer: Outcome) -> list[str]:
        found = [] if answer.meaning is Meaning.NOT_FOUND else [f"it was {answer}"]
        return [*found, *differences(essence(answer_to_nothing), essence(answer))]

    return faultless(f"the same as for what never existed ({answer_to_nothing})", faults_of)
