"""The published contract is what the code says, and says how much fits into a request."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from apex.settings import Requests
from support.platform.openapi import Operation
from support.settings import CHECKOUT
from support.surroundings import base_environment

CHECK = [sys.executable, "-m", "apex.contract", "--check"]


def checked(folder):
    return subprocess.run(CHECK, cwd=folder, env=base_environment(), capture_output=True, text=True, check=False)


def test_contract_is_current():
    done = checked(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_stale_documents_are_found(tmp_path):
    shutil.copytree(CHECKOUT / "apex", tmp_path / "apex")
    stale = ["openapi-backend.json", "asyncapi.json"]
    for document in stale:
        published = tmp_path / "apex" / "contract" / document
        published.write_text(published.read_text(encoding="utf-8").replace("agent", "assistant", 1), encoding="utf-8")
    done = checked(tmp_path)
    assert done.returncode == 1
    assert sorted(line.partition(" ")[0] for line in done.stdout.splitlines()) == sorted(stale)


SERVICES = ("auth", "backend", "tools", "analytics")
MAXIMUM = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}
# What is bounded by what it is.
OF_ONE_SIZE = ("uuid", "date", "date-time")


def without_a_maximum(operation: Operation) -> Iterator[str]:
    """The texts, lists and objects of any content in a request that may be as large as they like."""
    for parameter in operation.details.get("parameters", ()):
        yield from _unbounded(operation, parameter["schema"], f"{operation.place}: {parameter['name']}")
    if operation.body is not None:
        yield from _unbounded(operation, operation.body, f"{operation.place}: body")


def _unbounded(operation: Operation, schema: Any, name: str) -> Iterator[str]:
    schema = operation.resolved(schema)
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _unbounded(operation, choice, name)
    for field, value in schema.get("properties", {}).items():
        yield from _unbounded(operation, value, f"{name}.{field}")
    if "items" in schema:
        yield from _unbounded(operation, schema["items"], f"{name}[]")
    known = {"enum", "const", "properties", MAXIMUM.get(schema.get("type"))} & schema.keys()
    if schema.get("type") in MAXIMUM and not known and schema.get("format") not in OF_ONE_SIZE:
        yield name


MOST_BYTES_OF_A_CHARACTER = 12  # JSON may write one as two escapes.


def largest(operation: Operation, schema: Any) -> int:
    """The bytes that a value may have by its schema; an object of any content says nothing of its size."""
    schema = operation.resolved(schema)
    choices = [largest(operation, choice) for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    match schema.get("type"):
        case "string":
            choices.append(2 + MOST_BYTES_OF_A_CHARACTER * schema.get("maxLength", 40))
        case "array":
            choices.append(2 + schema["maxItems"] * (2 + largest(operation, schema["items"])))
        case "object":
            members = schema.get("properties", {}).items()
            choices.append(2 + sum(len(name) + 6 + largest(operation, value) for name, value in members))
    return max(choices, default=30)


def fields_of(operation: Operation, schema: Any) -> Iterator[tuple[str, Any]]:
    """Name and published schema of everything that a request may hold, but for titles, defaults and absence."""
    schema = operation.resolved(schema)
    items = [schema["items"]] if "items" in schema else []
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *items):
        yield from fields_of(operation, choice)
    for name, value in schema.get("properties", {}).items():
        yield name, kind_of(value)
        yield from fields_of(operation, value)


def kind_of(schema: Any) -> Any:
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    kept = kinds[0] if len(kinds) == 1 else {**schema, "anyOf": kinds}
    return {name: value for name, value in kept.items() if name not in ("title", "default")}


def published(service: str) -> list[Operation]:
    document = json.loads((CHECKOUT / "apex" / "contract" / f"openapi-{service}.json").read_text("utf-8"))
    return [
        Operation(service, method.upper(), path, details, document)
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_everything_in_a_request_has_a_published_maximum(service):
    operations = published(service)
    assert operations
    assert [name for operation in operations for name in without_a_maximum(operation)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_largest_request_that_a_schema_allows_is_not_too_large(service):
    sizes = {each.place: largest(each, each.body) for each in published(service) if each.body is not None}
    assert sizes
    assert {place: size for place, size in sizes.items() if size > Requests().max_body_bytes} == {}


# Names that mean two things: a new password is longer than none, a list of jobs than a page, and records are of costs
# or of runs, which have ended; parameters are those of a call or their schema;
# the type of a grant is its own name.
OF_TWO_KINDS = {"password", "limit", "records", "status", "parameters", "grant_type"}


def test_what_has_one_name_is_of_one_kind_at_every_endpoint():
    kinds: dict[str, list[Any]] = {}
    for operation in [each for service in SERVICES for each in published(service)]:
        sent = [
            (each["name"], kind_of(each["schema"]))
            for each in operation.details.get("parameters", ())
            if each["in"] != "path"
        ]
        for name, kind in [*sent, *fields_of(operation, operation.body or {})]:
            kinds.setdefault(name, []).append(kind)
    differing = {name for name, found in kinds.items() if any(kind != found[0] for kind in found)}
    assert differing == OF_TWO_KINDS


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "integer"}},
        {"type": "array", "maxItems": 1, "items": {"type": "string", "pattern": "^x*$"}},
        {"type": "object", "additionalProperties": True},
        {"oneOf": [{"$ref": "#/a"}]},
    ],
)
@pytest.mark.parametrize("place", ["parameters", "body"])
def test_what_has_none_is_found(schema, place):
    field = {"type": "object", "properties": {"field": schema}}
    details: dict[str, Any] = {"parameters": [{"name": "field", "schema": schema}]}
    if place == "body":
        details = {"requestBody": {"content": {"application/json": {"schema": field}}}}
    operation = Operation("backend", "POST", "/v1/things", details, {"a": {"type": "string"}})
    assert list(without_a_maximum(operation))
