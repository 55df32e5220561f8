"""Values that a published schema allows: the least that a request needs, made from the schema itself."""

import re
import uuid
from collections.abc import Mapping
from typing import Any

from support.platform.openapi import Operation

ANY_TEXT = "example"
"""What stands where any text will do; whatever is made by example bears it as its name."""

# What a schema's pattern describes but does not show.
_KNOWN = {
    "account_id": "123456789012",
    "role_arn": "arn:aws:iam::123456789012:role/apex-cost-reader",
    "region": "us-east-1",
    "path": "/example",
    "agent_name": "usage_report",
    "password": "pw-a-long-enough-password",
    # It allows most.
    "plan": "enterprise",
    # More than is spent and allotted already.
    "monthly_amount": "1000000.00",
}
# Who is made up is made up once, so that one can be looked for.
_MADE_UP = re.compile(r"somebody-[0-9a-f]{12}@elsewhere\.example|Somewhere [0-9a-f]{12}")
_FORMATS = {"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z"}


def example_of(operation: Operation, schema: Mapping[str, Any], name: str = "") -> Any:
    """The smallest value of a schema; required fields only, names that the platform knows get a value that fits."""
    schema = operation.resolved(schema)
    if name in _KNOWN:
        return _KNOWN[name]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example_of(operation, schema[choice][0], name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", next(iter(schema.get("enum", ())), None))
    match schema.get("type"):
        case "object":
            fields, required = schema.get("properties", {}), schema.get("required", ())
            return {field: example_of(operation, fields[field], field) for field in required}
        case "array":
            return [example_of(operation, schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return _text(schema, name)


def body_of(operation: Operation) -> Any:
    """A body that it takes; None for one that takes none."""
    if operation.sample is not None or operation.body is None:
        return operation.sample
    return example_of(operation, operation.body)


def made_up_in(body: bytes) -> set[str]:
    """The made-up addresses and organisations of which a request speaks."""
    return set(_MADE_UP.findall(body.decode(errors="replace")))


def filled(example: Any, ids: Mapping[str, str]) -> Any:
    """An example with the ids that are at hand, in the place of made-up ones."""
    if not isinstance(example, dict):
        return example
    return {name: _filled(name, value, ids) for name, value in example.items()}


def _filled(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if name.endswith("_id"):
        return ids.get(name, value)
    if name.endswith("_ids") and name.removesuffix("s") in ids:
        return [ids[name.removesuffix("s")]]
    return filled(value, ids)


def _text(schema: Mapping[str, Any], name: str) -> str:
    if name == "email":
        return f"somebody-{uuid.uuid4().hex[:12]}@elsewhere.example"
    if name == "organisation":
        return f"Somewhere {uuid.uuid4().hex[:12]}"
    if schema.get("format") == "uuid" or name.endswith("_id"):
        return str(uuid.uuid4())
    return _FORMATS.get(str(schema.get("format")), ANY_TEXT)
