"""Requests with one error each, made from the published schemas."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from support.api.oversized import too_much
from support.platform.examples import body_of, example_of, filled
from support.platform.openapi import Operation

# Far more than any customer needs.
_TOO_DEEP = (300, 100_000)
_TOO_LARGE = 5 * 1024 * 1024
_PLACEHOLDER = "put-something-here"
_UNSTORABLE = ("nothing\0there", "half \ud800 a letter")
_BAD_ENCODING = (b'{"title": "\xff\xfe"}', '{"title": "x"}'.encode("utf-16"), b'{"title": ', b"title=x", b"")
_INVALID_NUMBERS = ("NaN", "Infinity", "-1e999")

_NOBODY: Mapping[str, str] = {}

Path = tuple[str | int, ...]


class RequestError(Enum):
    """What is wrong with a request, as a feature names it."""

    MISSING = "a missing field"
    SEVERAL = "several missing fields"
    TYPE = "a field of the wrong type"
    LONG = "a value that is too large"
    CHARACTER = "a character that cannot be stored"
    NUMBER = "an invalid number"
    ENCODING = "a malformed or wrongly encoded body"
    DEEP = "endlessly nested lists"
    HUGE = "an oversized body"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A request to an operation with an error in ``field``.

    ``place``: where that is, the body or another part of the request; there it has the ``value``. ``entries``: the
    numbers of the list entries that it is in.
    """

    operation: Operation
    field: str
    body: bytes | None = None
    in_pieces: bool = False
    place: str = "body"
    value: str = ""
    entries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a body: the path to it, a body to put it into, and a value that fits.

    ``kinds``: the schemas of the values that it may have, without references.
    """

    path: Path
    kinds: Sequence[Mapping[str, Any]]
    required: bool
    around: Any
    example: Any

    @property
    def name(self) -> str:
        return str(next(part for part in reversed(self.path) if isinstance(part, str)))


def mutations(operation: Operation, error: RequestError, ids: Mapping[str, str] = _NOBODY) -> Iterator[Mutation]:
    """Every request to an operation that has this error.

    :param ids: what a sample of the target names, by parameter.
    """
    if operation.body is not None:
        for variant in _variants(operation, operation.body):
            valid = example_of(operation, variant) if operation.sample is None else filled(operation.sample, ids)
            yield from _about_body(operation, valid, variant, error)
    if error in (RequestError.TYPE, RequestError.LONG):
        yield from _about_parameters(operation, error)


def _about_body(operation: Operation, body: Any, schema: Mapping[str, Any], error: RequestError) -> Iterator[Mutation]:
    match error:
        case RequestError.ENCODING:
            may_be_absent = not operation.details["requestBody"].get("required")
            for data in _BAD_ENCODING:
                if data or not may_be_absent:
                    yield Mutation(operation, "body", data)
        case RequestError.HUGE:
            data = json.dumps(body).encode().ljust(_TOO_LARGE)
            yield Mutation(operation, "body", data)
            yield Mutation(operation, "body", data, in_pieces=True)
        case RequestError.SEVERAL:
            # What says which kind of body it is stays: without it nothing else can be judged.
            fields = schema.get("properties", {})
            needed = [
                name for name in schema.get("required", ()) if "const" not in operation.resolved(fields.get(name, {}))
            ]
            rest = json.dumps({name: value for name, value in body.items() if name not in needed}).encode()
            yield from (Mutation(operation, name, rest) for name in needed if len(needed) > 1)
        case RequestError.DEEP:
            for field in _fields(operation, schema, body):
                for depth in _TOO_DEEP:
                    yield Mutation(operation, "body", _text(field, "[" * depth + "]" * depth))
                    yield Mutation(operation, "body", _text(field, '{"a":' * depth + "1" + "}" * depth))
                return
        case _:
            for field in _fields(operation, schema, body):
                entries = tuple(part for part in field.path if isinstance(part, int))
                for data in _wrong_values(field, error):
                    yield Mutation(operation, field.name, data, entries=entries)


def _wrong_values(field: _Field, error: RequestError) -> Iterator[bytes]:
    schema, free = field.kinds[0], _is_free(field.kinds[0])
    match error:
        case RequestError.MISSING if field.required:
            yield json.dumps(_without(field)).encode()
        case RequestError.TYPE:
            yield _text(field, '"nothing of the kind"' if schema.get("type") in ("array", "object") else "[1]")
            if all(kind.get("type") in ("integer", "number", "null") for kind in field.kinds):
                yield _text(field, '"7"')
            types = {kind.get("type") for kind in field.kinds}
            if "integer" in types and "number" not in types:
                yield _text(field, "12.5")
        case RequestError.LONG:
            values = [too_much(kind, field.example) for kind in field.kinds]
            yield from (_text(field, json.dumps(value)) for value in values if value is not None)
        case RequestError.CHARACTER if free:
            for bad in _UNSTORABLE:
                yield _text(field, json.dumps({"noted": ["well", {"there": bad}]}))
                yield _text(field, json.dumps({bad: "noted"}))
        case RequestError.CHARACTER if schema.get("type") == "string":
            yield from (_text(field, json.dumps(bad)) for bad in _UNSTORABLE)
        case RequestError.NUMBER if free:
            yield from (_text(field, f'{{"noted": [{number}]}}') for number in _INVALID_NUMBERS)
        case RequestError.NUMBER if schema.get("type") in ("number", "integer"):
            yield from (_text(field, number) for number in _INVALID_NUMBERS)


def _about_parameters(operation: Operation, error: RequestError) -> Iterator[Mutation]:
    body = None if operation.body is None else json.dumps(body_of(operation)).encode()
    for parameter in operation.details.get("parameters", ()):
        name, place, kinds = parameter["name"], parameter["in"], _kinds(operation, parameter["schema"])
        if error is RequestError.LONG:
            values = [too_much(kind, example_of(operation, kind, name)) for kind in kinds]
        else:
            # In a path everything is text.
            values = ["nothing of the kind"] if place == "query" else []
        yield from (
            Mutation(operation, name, body, place=place, value=str(value)) for value in values if value is not None
        )


# -- the fields of a body ----------------------------------------------------------------------------------------------


def _variants(operation: Operation, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = schema.get("oneOf") or schema.get("anyOf") or [schema]
    return [operation.resolved(choice) for choice in choices if choice.get("type") != "null"]


def _fields(operation: Operation, schema: Mapping[str, Any], around: Any, path: Path = ()) -> Iterator[_Field]:
    """Every field of an object, and those of the objects in its lists, or what else is in them."""
    for name, value in schema.get("properties", {}).items():
        kinds, here = _kinds(operation, value), (*path, name)
        is_list = kinds[0].get("type") == "array"
        if is_list and not _at(around, here):
            # An optional list is sent so that it can be wrong.
            around = copy.deepcopy(around)
            _at(around, path)[name] = [example_of(operation, kinds[0]["items"])]
        example = _at(around, here)
        if example is None:
            example = example_of(operation, kinds[0], name)
        yield _Field(here, kinds, name in schema.get("required", ()), around, example)
        if is_list:
            items, first = operation.resolved(kinds[0]["items"]), (*here, 0)
            if "properties" in items:
                yield from _fields(operation, items, around, first)
            else:
                yield _Field(first, _kinds(operation, items), False, around, _at(around, first))


def _kinds(operation: Operation, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives of a schema other than null, without references."""
    schema = operation.resolved(schema)
    if "anyOf" not in schema:
        return [schema]
    return [kind for choice in schema["anyOf"] for kind in _kinds(operation, choice) if kind.get("type") != "null"]


def _is_free(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" and "properties" not in schema


def _at(body: Any, path: Path) -> Any:
    for part in path:
        body = body[part] if isinstance(part, int) else body.get(part)
        if body is None:
            return None
    return body


def _without(field: _Field) -> Any:
    body = copy.deepcopy(field.around)
    del _at(body, field.path[:-1])[field.path[-1]]
    return body


def _text(field: _Field, value: str) -> bytes:
    """The body with a piece of text in the field, be it JSON or not."""
    body = copy.deepcopy(field.around)
    _at(body, field.path[:-1])[field.path[-1]] = _PLACEHOLDER
    return json.dumps(body).replace(json.dumps(_PLACEHOLDER), value, 1).encode()
