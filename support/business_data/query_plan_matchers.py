"""Matcher over a database's plan: does it find the rows by an index, or does it read a table through?"""

from collections.abc import Iterator, Mapping
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

Plan = Mapping[str, Any]
"""A node of PostgreSQL's plan (``EXPLAIN`` with ``FORMAT JSON``); ``Plans`` are those below it."""

_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})
_READ_THROUGH = frozenset({"Seq Scan", "Sample Scan"})


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


class _FindsByIndex(BaseMatcher[Plan]):
    def _matches(self, item: Plan) -> bool:
        kinds = {str(node.get("Node Type")) for node in _nodes(item)}
        return bool(kinds & _BY_INDEX) and not self._read_through(item)

    def _read_through(self, item: Plan) -> list[str]:
        nodes = (node for node in _nodes(item) if any(kind in str(node.get("Node Type")) for kind in _READ_THROUGH))
        return [str(node.get("Relation Name")) for node in nodes]

    def describe_to(self, description: Description) -> None:
        description.append_text("a plan that finds its rows by an index and reads no table through")

    def describe_mismatch(self, item: Plan, mismatch_description: Description) -> None:
        read = self._read_through(item)
        kinds = ", ".join(str(node.get("Node Type")) for node in _nodes(item))
        mismatch_description.append_text(f"it read {', '.join(read)} through" if read else f"it used none: {kinds}")


def finds_by_index() -> BaseMatcher[Plan]:
    """Rows are found by at least one index, and no table is read from its beginning to its end."""
    return _FindsByIndex()
