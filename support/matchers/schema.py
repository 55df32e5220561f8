"""Matcher over JSON values: do they keep to the published schema?"""

from collections.abc import Mapping
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description
from jsonschema import Draft202012Validator, FormatChecker


class _ValidAgainst(BaseMatcher[Any]):
    def __init__(self, schema: Mapping[str, Any]) -> None:
        Draft202012Validator.check_schema(schema)
        self.name = str(schema.get("title") or "the published schema")
        self._validator = Draft202012Validator(schema, format_checker=FormatChecker())

    def _faults(self, item: Any) -> list[str]:
        errors = sorted(self._validator.iter_errors(item), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]

    def _matches(self, item: Any) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"a value valid against {self.name}")

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)[:5]))


def is_valid_against(schema: Mapping[str, Any]) -> BaseMatcher[Any]:
    """One JSON value keeps to a schema (draft 2020-12).

    :raises jsonschema.SchemaError: the schema itself is none.
    """
    return _ValidAgainst(schema)
