"""States that agents leave behind, chosen for what is easily lost on the way into a database and back."""

from typing import Any

KEEPER = "keeper"
"""The agent that leaves behind the state that it is given (see ``support/plugin/keeper.py``)."""

MEGABYTE = 1_000_000
_DEPTH = 40


def rich(marker: str) -> dict[str, Any]:
    """Nested, with money as text, numbers at the edge of their kinds, and letters that are easily taken for others."""
    nested: Any = {"bottom": marker}
    for level in range(_DEPTH):
        nested = {str(level): [nested, level]}
    return {
        "money": ["0.10", "0.30", "19.999999", "-0.00", "12345678901234567890.123456789", "0.000000000000000001"],
        "numbers": [0, -1, 2**53 + 1, 2**63, 0.1, 1e-300, 123456.789012345],
        "letters": {
            "one letter or two": ["\u00e9", "e\u0301", "\u212b", "\u00c5", "\ufb01"],
            "scripts": "Straße, Ελλάδα, 数字, עברית, हिन्दी",
            "beyond the plane": "🚀👩‍👩‍👧",
            "marks": "\" \\ / \b\f\n\r\t \u2028 \u200b '%s {x} $1 --",
        },
        "空 key 🚀": True,
        "nothing": [None, "", " ", [], {}, [[]], False],
        "nested": nested,
    }


def large(marker: str) -> dict[str, Any]:
    """A megabyte of text in which every stretch differs, so that nothing can be lost unseen."""
    line = "{:07d} " + marker + " für ½ €\n"
    return {"text": "".join(line.format(number) for number in range(MEGABYTE // len(line.format(0).encode()) + 1))}


def keeping(state: dict[str, Any]) -> dict[str, Any]:
    """The input that gives the keeper its state."""
    return {"state": state}
