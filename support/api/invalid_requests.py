"""Requests with one thing wrong each, made from the published schemas, and what came of sending them."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from support.api import access, endpoints, owned_resources
from support.api.oversized import too_much
from support.api.owned_resources import Belongings
from support.api.rights import ANYBODY, SERVICES, rights_of
from support.load import http_crowd
from support.platform.driver import Anyone, Caller
from support.platform.examples import example_of, made_up_in
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World

SENT = "mistaken requests"
NAMED = "who was named in mistaken requests"
# Far more than anybody needs.
_TOO_DEEP = (300, 100_000)
_TOO_LARGE = 5 * 1024 * 1024
_CHUNK = 256 * 1024
_PLACEHOLDER = "put-something-here"
_UNSTORABLE = ("nothing\0there", "half \ud800 a letter")
_UNREADABLE = (b'{"title": "\xff\xfe"}', '{"title": "x"}'.encode("utf-16"), b'{"title": ', b"title=x", b"")
_NO_NUMBERS = ("NaN", "Infinity", "-1e999")

Path = tuple[str | int, ...]


class Wrong(Enum):
    """What is wrong with a request, as a feature names it."""

    MISSING = "a field missing"
    TYPE = "a field of the wrong type"
    LONG = "more in a field than fits"
    CHARACTER = "a character that cannot be kept"
    NUMBER = "a number that is none"
    UNREADABLE = "letters that cannot be read"
    DEEP = "lists in lists without end"
    HUGE = "far more than anybody needs"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A request to an operation with something wrong about ``field``.

    ``place``: where that is, the body or another part of the request; there it has the ``value``.
    """

    operation: Operation
    field: str
    body: bytes | None = None
    in_pieces: bool = False
    place: str = "body"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Mistaken:
    """What was wrong about which field, and what came of it."""

    place: str
    field: str
    answer: Outcome


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a body: the path that leads to it, a body in which it may be put, and what fits there.

    ``kinds``: the schemas of what it may be, without references.
    """

    path: Path
    kinds: Sequence[Mapping[str, Any]]
    required: bool
    around: Any
    example: Any

    @property
    def name(self) -> str:
        return str(next(part for part in reversed(self.path) if isinstance(part, str)))


def send_all(world: World, owner: User, wrong: Wrong) -> None:
    """Have a customer, or whoever may, send every request that takes anything with this wrong about it."""
    owned = world.recall(access.OWNED, Belongings)
    world.facts[access.STORED] = owned_resources.stored_of(world, owner.tenant)
    made = [
        mistake
        for operation in operations(world)
        if rights_of(operation) != SERVICES
        for mistake in mistakes(operation, wrong)
    ]
    # What makes a request far too large is nobody's name.
    world.facts[NAMED] = set[str]().union(*(made_up_in((mistake.body or b"").rstrip()) for mistake in made))
    callers = _Callers(Anyone(), owned.owner, world.users.operator)
    world.facts[SENT] = http_crowd.a_few_at_a_time(
        lambda each: Mistaken(each.operation.place, each.field, _send(world, each, callers, owned.ids)), made
    )


def mistakes(operation: Operation, wrong: Wrong) -> Iterator[Mistake]:
    """Everything that can be wrong in that way about what an operation takes."""
    if operation.body is not None:
        for variant in _variants(operation, operation.body):
            yield from _about_body(operation, example_of(operation, variant), variant, wrong)
    if wrong in (Wrong.TYPE, Wrong.LONG):
        yield from _about_parameters(operation, wrong)


def _about_body(operation: Operation, body: Any, schema: Mapping[str, Any], wrong: Wrong) -> Iterator[Mistake]:
    match wrong:
        case Wrong.UNREADABLE:
            for data in _UNREADABLE:
                yield Mistake(operation, "body", data)
        case Wrong.HUGE:
            data = json.dumps(body).encode().ljust(_TOO_LARGE)
            yield Mistake(operation, "body", data)
            yield Mistake(operation, "body", data, in_pieces=True)
        case Wrong.DEEP:
            for field in _fields(operation, schema, body):
                for depth in _TOO_DEEP:
                    yield Mistake(operation, "body", _text(field, "[" * depth + "]" * depth))
                return
        case _:
            for field in _fields(operation, schema, body):
                yield from (Mistake(operation, field.name, data) for data in _wrong_values(field, wrong))


def _wrong_values(field: _Field, wrong: Wrong) -> Iterator[bytes]:
    schema, free = field.kinds[0], _is_free(field.kinds[0])
    match wrong:
        case Wrong.MISSING if field.required:
            yield json.dumps(_without(field)).encode()
        case Wrong.TYPE:
            yield _text(field, '"nothing of the kind"' if schema.get("type") in ("array", "object") else "[1]")
        case Wrong.LONG:
            values = [too_much(kind, field.example) for kind in field.kinds]
            yield from (_text(field, json.dumps(value)) for value in values if value is not None)
        case Wrong.CHARACTER if free:
            for bad in _UNSTORABLE:
                yield _text(field, json.dumps({"noted": ["well", {"there": bad}]}))
                yield _text(field, json.dumps({bad: "noted"}))
        case Wrong.CHARACTER if schema.get("type") == "string":
            yield from (_text(field, json.dumps(bad)) for bad in _UNSTORABLE)
        case Wrong.NUMBER if free:
            yield from (_text(field, f'{{"noted": [{number}]}}') for number in _NO_NUMBERS)
        case Wrong.NUMBER if schema.get("type") in ("number", "integer"):
            yield from (_text(field, number) for number in _NO_NUMBERS)


def _about_parameters(operation: Operation, wrong: Wrong) -> Iterator[Mistake]:
    body = None if operation.body is None else json.dumps(example_of(operation, operation.body)).encode()
    for parameter in operation.details.get("parameters", ()):
        name, place, kinds = parameter["name"], parameter["in"], _kinds(operation, parameter["schema"])
        if wrong is Wrong.LONG:
            values = [too_much(kind, example_of(operation, kind, name)) for kind in kinds]
        else:
            # Whatever stands in a path is a text.
            values = ["nothing of the kind"] if place == "query" else []
        yield from (
            Mistake(operation, name, body, place=place, value=str(value)) for value in values if value is not None
        )


# -- what a body is made of -------------------------------------------------------------------------------------------


def _variants(operation: Operation, schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = schema.get("oneOf") or schema.get("anyOf") or [schema]
    return [operation.resolved(choice) for choice in choices]


def _fields(operation: Operation, schema: Mapping[str, Any], around: Any, path: Path = ()) -> Iterator[_Field]:
    """Every field of an object, and those of the objects in its lists, or what else is in them."""
    for name, value in schema.get("properties", {}).items():
        kinds, here = _kinds(operation, value), (*path, name)
        is_list = kinds[0].get("type") == "array"
        if is_list and not _at(around, here):
            # A list that need not be sent is sent to be wrong.
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
    """The alternatives of a schema, without references, and without that of there being nothing."""
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
    """The body with a piece of JSON text, or of what is none, in the field."""
    body = copy.deepcopy(field.around)
    _at(body, field.path[:-1])[field.path[-1]] = _PLACEHOLDER
    return json.dumps(body).replace(json.dumps(_PLACEHOLDER), value, 1).encode()


# -- sending ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Callers:
    anybody: Caller
    owner: User
    operator: User

    def of(self, operation: Operation) -> Caller:
        """Who may use the operation."""
        roles: Sequence[str] = sorted(rights_of(operation) or ())
        if roles == sorted(ANYBODY):
            return self.anybody
        return self.owner if self.owner.role in roles else self.operator


def _send(world: World, mistake: Mistake, callers: _Callers, ids: Mapping[str, str]) -> Outcome:
    operation, path = mistake.operation, mistake.operation.path
    wrong = {mistake.field: mistake.value}
    for name in operation.names("path"):
        known = wrong if mistake.place == "path" else ids
        path = path.replace(f"{{{name}}}", known.get(name) or str(example_of(operation, {}, name)))
    return world.platform.request(
        callers.of(operation),
        operation.method,
        path,
        service=endpoints.address_of(world, operation),
        data=_pieces(mistake.body) if mistake.in_pieces and mistake.body is not None else mistake.body,
        query=wrong if mistake.place == "query" else None,
        headers={"content-type": "application/json", **(wrong if mistake.place == "header" else {})},
    )


def _pieces(body: bytes) -> Iterator[bytes]:
    """The body without its length being told beforehand."""
    yield from (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
