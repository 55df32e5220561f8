"""Matcher over answers: is each what the published OpenAPI documents say?"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description
from hamcrest.core.string_description import StringDescription

from support.matchers.schema import is_valid_against
from support.platform.outcome import Outcome

Document = Mapping[str, Any]


def path_pattern(template: str) -> re.Pattern[str]:
    """What a published path stands for: ``/v1/runs/{run_id}`` for any one id in that place."""
    return re.compile(re.sub(r"\\\{[^{}]+\\\}", "[^/]+", re.escape(template)))


class _AsPublished(BaseMatcher[Sequence[Outcome]]):
    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents = documents

    def _fault(self, answer: Outcome) -> str | None:
        for document in self.documents:
            # A path without a place to fill comes before one that it would fill.
            for path, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
                operation = methods.get(answer.method.lower())
                if operation is not None and path_pattern(path).fullmatch(answer.path):
                    return _fault_of(answer, operation, document)
        return "it is not published at all"

    def _faults(self, item: Sequence[Outcome]) -> list[str]:
        if not item:
            return ["there was no answer"]
        return [f"{answer}: {fault}" for answer in item if (fault := self._fault(answer))]

    def _matches(self, item: Sequence[Outcome]) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("answers that are all as published")

    def describe_mismatch(self, item: Sequence[Outcome], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:3]))


def _fault_of(answer: Outcome, operation: Mapping[str, Any], document: Document) -> str | None:
    published = operation["responses"]
    found = published.get(str(answer.status)) or published.get(f"{(answer.status or 0) // 100}XX")
    if found is None:
        return f"only {', '.join(published)} are published"
    content = found.get("content") or {}
    if not content:
        return f"no body is published, there was {answer.text[:100]!r}" if answer.text else None
    schema = next(iter(content.values())).get("schema") or {}
    matcher = is_valid_against({**schema, "components": document.get("components", {})})
    if matcher.matches(answer.body):
        return None
    described = StringDescription()
    matcher.describe_mismatch(answer.body, described)
    return str(described)


def are_as_published(documents: Sequence[Document]) -> BaseMatcher[Sequence[Outcome]]:
    """There are answers, and method, path, status and body of each are in one of the OpenAPI documents."""
    return _AsPublished(documents)
