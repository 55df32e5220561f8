"""Matchers over refusals and failures: are they the right ones, and fit to be read by a customer?"""

import re
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

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


class _Refused(BaseMatcher[Answered]):
    def __init__(self, meaning: Meaning, code: str) -> None:
        self.meaning = meaning
        self.code = code

    def _matches(self, item: Answered) -> bool:
        return item.meaning is self.meaning and item.problem is not None and item.problem.code == self.code

    def describe_to(self, description: Description) -> None:
        description.append_text(f"a refusal: {self.meaning.value} ({self.code})")

    def describe_mismatch(self, item: Answered, mismatch_description: Description) -> None:
        mismatch_description.append_text(f"it was {item}")


class _FitForACustomer(BaseMatcher[Any]):
    def _matches(self, item: Any) -> bool:
        text = text_of(item)
        return bool(text.strip()) and not internals_in(text)

    def describe_to(self, description: Description) -> None:
        description.append_text("a message fit for a customer")

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        text = text_of(item)
        shown = f"it showed {', '.join(internals_in(text))}" if text.strip() else "it said nothing"
        mismatch_description.append_text(f"{shown}: {redact(text)[:300]}")


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
    "unavailable": Meaning.UNAVAILABLE,
}


def is_refused_with(code: str) -> BaseMatcher[Answered]:
    """A refusal of that published code, with the status that goes with it.

    :raises KeyError: no such code is published.
    """
    return _Refused(_MEANING_OF[code], code)


def is_fit_for_a_customer() -> BaseMatcher[Any]:
    """Text that says something and shows no stack trace, path, SQL, exception, inner address or secret."""
    return _FitForACustomer()


def essence(outcome: Outcome) -> dict[str, Any]:
    """Status, headers and body of an answer without what differs between any two."""
    body = {**outcome.body, "request_id": ""} if isinstance(outcome.body, dict) else outcome.body
    headers = {name.lower(): value for name, value in outcome.headers.items()}
    for name in ("x-request-id", "traceparent", "date"):
        if headers.pop(name, None) is not None:
            headers[name] = "(present)"
    return {"status": outcome.status, "headers": headers, "body": body}


class _IndistinguishableFrom(BaseMatcher[Outcome]):
    """Status, headers and body alike, but for what differs between any two answers."""

    def __init__(self, other: Outcome) -> None:
        self.other = other

    def _matches(self, item: Outcome) -> bool:
        return item.meaning is Meaning.NOT_FOUND and essence(item) == essence(self.other)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"the same as for what never existed ({essence(self.other)})")

    def describe_mismatch(self, item: Outcome, mismatch_description: Description) -> None:
        mismatch_description.append_text(f"it was {essence(item)}")


def is_indistinguishable_from(answer_to_nothing: Outcome) -> BaseMatcher[Outcome]:
    """The answer that is given for an id that never existed: nothing tells that this one does."""
    return _IndistinguishableFrom(answer_to_nothing)
