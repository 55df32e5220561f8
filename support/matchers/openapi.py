"""Matcher over answers: is each what the published OpenAPI documents say?"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.matchers.schema import breaches_of
from support.platform.outcome import Outcome

Document = Mapping[str, Any]


def path_pattern(template: str) -> re.Pattern[str]:
    """What a published path stands for: ``/v1/runs/{run_id}`` for any one id in that place."""
    return re.compile(re.sub(r"\\\{[^{}]+\\\}", "[^/]+", re.escape(template)))


def _fault_of(answer: Outcome, operation: Mapping[str, Any], document: Document) -> str | None:
    published = operation["responses"]
    found = published.get(str(answer.status)) or published.get(f"{(answer.status or 0) // 100}XX")
    if found is None:
        return f"only {', '.join(published)} are published"
    content = found.get("content") or {}
    if not content:
        return f"no body is published, there was {answer.text[:100]!r}" if answer.text else None
    schema = next(iter(content.values())).get("schema") or {}
    breaches = breaches_of({**schema, "components": document.get("components", {})})(answer.body)
    return "; ".join(breaches) or None


def _fault(answer: Outcome, documents: Sequence[Document]) -> str | None:
    for document in documents:
        # A path without a place to fill comes before one that it would fill.
        for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
            operation = methods.get(answer.method.lower())
            if operation is not None and path_pattern(path).fullmatch(answer.path):
                return _fault_of(answer, operation, document)
    return "it is not published at all"


def are_as_published(documents: Sequence[Document]) -> BaseMatcher[Sequence[Outcome]]:
    """There are answers, and method, path, status and body of each are in one of the OpenAPI documents."""

    def faults_of(answers: Sequence[Outcome]) -> list[str]:
        if not answers:
            return ["there was no answer"]
        return [f"{answer}: {fault}" for answer in answers if (fault := _fault(answer, documents))]

    return faultless("answers that are all as published", faults_of)
