"""The published contract is what the code says, and says how much fits into a request."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

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


def published(service: str) -> list[Operation]:
    document = json.loads((CHECKOUT / "apex" / "contract" / f"openapi-{service}.json").read_text("utf-8"))
    return [
        Operation(service, method.upper(), path, details, document)
        for path, methods in document["paths"].items()
        for method, details in methods.items()
    ]


@pytest.mark.parametrize("service", ["auth", "backend", "tools", "analytics"])
def test_everything_in_a_request_has_a_published_maximum(service):
    operations = published(service)
    assert operations
    assert [name for operation in operations for name in without_a_maximum(operation)] == []


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
