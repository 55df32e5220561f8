"""The agents by name: the plan that each makes of what it knows."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from probe import savings, script
from probe.moves import Plan


class Known(TypedDict):
    """What plans are made of: the request, the customer's usage records, earlier analyses of the conversation."""

    request: dict[str, Any]
    records: list[dict[str, Any]]
    history: list[dict[str, Any]]


AGENTS: Mapping[str, Callable[[Known], Plan]] = {
    "cost_analysis": lambda known: savings.cost_analysis(known["history"]),
    "rightsizing_plan": lambda known: savings.rightsizing_plan(),
    "usage_report": lambda known: savings.usage_report(known["records"]),
    "advisor": lambda known: savings.advisor(known["records"], known["history"]),
    "probe": lambda known: script.follow(known["request"]["steps"]),
}
NEED_RECORDS = frozenset({"usage_report", "advisor"})
"""Those whose plans are made of usage records."""


def remembered(run: str, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an answer adds to the history of its conversation."""
    return [{"run_id": run, "monthly_savings": answer["monthly_savings"]}] if "findings" in answer else []
