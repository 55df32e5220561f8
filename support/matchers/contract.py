"""Matcher over raw frames: does each keep to the published schema of its type?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description
from hamcrest.core.string_description import StringDescription

from support.matchers.schema import is_valid_against

Frames = Sequence[str]


class _KeepToTheContract(BaseMatcher[Frames]):
    def __init__(self, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._matchers = {type: is_valid_against(schema) for type, schema in schemas.items()}

    def _faults(self, item: Frames) -> list[tuple[str, str]]:
        return [(frame, fault) for frame in item if (fault := self._fault(frame))] if item else [("", "nothing came")]

    def _fault(self, frame: str) -> str | None:
        try:
            value = json.loads(frame)
        except ValueError as error:
            return f"no JSON: {error}"
        type = value.get("type") if isinstance(value, dict) else None
        matcher = self._matchers.get(str(type))
        if matcher is None:
            return f"the type {type!r} is not published"
        if matcher.matches(value):
            return None
        described = StringDescription()
        matcher.describe_mismatch(value, described)
        return f"{type}: {described}"

    def _matches(self, item: Frames) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text("frames that all keep to the published schema of their type")

    def describe_mismatch(self, item: Frames, mismatch_description: Description) -> None:
        faults = self._faults(item)
        mismatch_description.append_text("; ".join(f"{fault} in {frame[:200]}" for frame, fault in faults[:3]))


def keep_to_the_contract(schemas: Mapping[str, Mapping[str, Any]]) -> BaseMatcher[Frames]:
    """Frames came, and each is JSON that is valid against the schema of its type.

    :param schemas: type -> published JSON schema.
    """
    return _KeepToTheContract(schemas)
