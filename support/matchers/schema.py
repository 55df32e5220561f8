"""Matcher over JSON values: do they keep to the published schema?"""

from collections.abc import Callable, Mapping
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from jsonschema import Draft202012Validator, FormatChecker

from support.matchers.faultless import faultless


def breaches_of(schema: Mapping[str, Any]) -> Callable[[Any], list[str]]:
    """What is wrong with a JSON value by a schema (draft 2020-12), a line for each place.

    :raises jsonschema.SchemaError: the schema itself is none.
    """
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())

    def breaches(value: Any) -> list[str]:
        errors = sorted(validator.iter_errors(value), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]

    return breaches


def is_valid_against(schema: Mapping[str, Any]) -> BaseMatcher[Any]:
    """One JSON value keeps to a schema; see :func:`breaches_of`."""
    return faultless(f"a value valid against {schema.get('title') or 'the published schema'}", breaches_of(schema))
