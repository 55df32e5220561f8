"""More than a published schema lets into a field; where it does not say how much fits, far more than anybody needs."""

import re
from collections.abc import Mapping
from typing import Any

_LETTERS, _MEMBERS = 1_000_000, 10_000
_OF_ONE_SIZE = ("uuid", "date", "date-time")


def too_much(schema: Mapping[str, Any], example: Any) -> Any:
    """Something like the example with one thing more in it than fits; None for a number that may be any, or a flag.

    :param schema: of one type, without references.
    """
    match schema.get("type"):
        case "string":
            # A number that may come as a text may come with any zeros before it.
            return _too_long(schema, example if isinstance(example, str) else f"0{example}")
        case "array" if not isinstance(example, list):
            return None  # the example is of another kind that the field may have
        case "array":
            return example[:1] * (schema.get("maxItems", _MEMBERS) + 1)
        case "object":
            return {f"member {number}": number for number in range(schema.get("maxProperties", _MEMBERS) + 1)}
        case "integer" | "number":
            most = schema.get("maximum", schema.get("exclusiveMaximum"))
            return None if most is None else most + 1
    return None


def _too_long(schema: Mapping[str, Any], example: str) -> str:
    if "const" in schema or "enum" in schema or schema.get("format") in _OF_ONE_SIZE:
        return f"{example}x"
    example = example or "x"
    missing = schema.get("maxLength", _LETTERS) + 1 - len(example)
    longer = [f"{example[:at]}{example[at] * missing}{example[at:]}" for at in range(len(example))]
    # One that is wrong in its length alone, unless the pattern lets none be too long.
    pattern = re.compile(schema.get("pattern", ""))
    return next((text for text in longer if pattern.search(text)), longer[0])
