"""Matcher over a database's query plan: does it find the rows by an index, or does it scan a whole table?"""

from collections.abc import Iterator, Mapping
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless

QueryPlan = Mapping[str, Any]
"""A node of PostgreSQL's plan (``EXPLAIN`` with ``FORMAT JSON``); ``Plans`` are those below it."""

_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})
_SCANS = ("Seq Scan", "Sample Scan")


def finds_by_index(owner: str) -> BaseMatcher[QueryPlan]:
    """Rows are found by at least one index, none is read to look whose it is, and no whole table is scanned.

    :param owner: the column that says whose a row is.
    """
    description = "a plan that finds the owner's rows by an index and scans no whole table"
    return faultless(description, lambda plan: _faults(plan, owner))


def _faults(plan: QueryPlan, owner: str) -> list[str]:
    kinds = {str(node.get("Node Type")): node for node in _nodes(plan)}
    scanned = [
        f"it scans all of {node.get('Relation Name')} ({node.get('Node Type')})"
        for node in _nodes(plan)
        if any(scan in str(node.get("Node Type")) for scan in _SCANS)
    ]
    sorted_out = [
        f"it reads rows of others in {node.get('Relation Name')}, to keep those with {node['Filter']}"
        for node in _nodes(plan)
        if owner in str(node.get("Filter", ""))
    ]
    return scanned + sorted_out or ([] if _BY_INDEX & kinds.keys() else [f"it uses no index: {', '.join(kinds)}"])


def _nodes(plan: QueryPlan) -> Iterator[QueryPlan]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
