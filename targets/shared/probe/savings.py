"""Agents over the customer's cloud account: what can be saved, and how.

Average CPU use below 5 %: idle, stopping saves the whole price. Below 20 %: oversized, the next smaller size of the
family saves the difference. A month has 730 hours; each saving is rounded half up to cents.
"""

from collections.abc import Generator
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from probe.moves import Answer, Call, Calls, Move, Plan, Think, ToolFailed, call

_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge")
_HOURS = 730
_CENT = Decimal("0.01")

Findings = list[dict[str, Any]]


def cost_analysis(history: list[dict[str, Any]]) -> Plan:
    """What each idle or oversized instance would save; ``history`` are the thread's earlier analyses."""
    instances, points, prices = yield from _inventory()
    findings = _judged(instances, points, prices["prices"])
    saved = _total(findings)
    previous = history[-1] if history else None
    change = None if previous is None else f"{saved - Decimal(previous['monthly_savings']):+.2f}"
    return {
        "currency": prices["currency"],
        "monthly_savings": str(saved),
        "findings": findings,
        "instances_examined": len(instances),
        "instances_unmeasured": sum(1 for instance in instances if not points.get(instance["resource_id"])),
        "previous": previous,
        "change": change,
        "summary": f"You can save {saved} {prices['currency']} a month on {len(findings)} instances.",
    }


def rightsizing_plan() -> Plan:
    """The same findings as steps to carry out, the most valuable first."""
    instances, points, prices = yield from _inventory()
    findings = _judged(instances, points, prices["prices"])
    return {
        "currency": prices["currency"],
        "monthly_savings": str(_total(findings)),
        "steps": [
            {
                "resource_id": finding["resource_id"],
                "name": finding["name"],
                "from_type": finding["instance_type"],
                "to_type": finding["recommended_instance_type"],
                "monthly_savings": finding["monthly_savings"],
            }
            for finding in findings
        ],
        "summary": f"{len(findings)} steps save {_total(findings)} {prices['currency']} a month.",
    }


def usage_report(records: list[dict[str, Any]]) -> Plan:
    """What the customer's services cost; it calls no tool."""
    yield Think([f"Adding up {len(records)} usage records."])
    quantities: dict[str, Decimal] = {}
    costs: dict[str, Decimal] = {}
    for record in records:
        service = record["service"]
        quantities[service] = quantities.get(service, Decimal(0)) + Decimal(record["quantity"])
        costs[service] = costs.get(service, Decimal(0)) + Decimal(record["cost"])
    total = sum(costs.values(), Decimal(0)).quantize(_CENT, ROUND_HALF_UP)
    return {
        "currency": "USD",
        "total_cost": str(total),
        "by_service": [
            {"service": service, "quantity": str(quantities[service]), "cost": str(costs[service])}
            for service in sorted(costs, key=lambda service: (-costs[service], service))
        ],
        "days": len({record["day"] for record in records}),
        "records": len(records),
        "summary": f"Your {len(records)} usage records add up to {total} USD.",
    }


def advisor(records: list[dict[str, Any]], history: list[dict[str, Any]]) -> Plan:
    """Both of the above; without the first where a tool failed."""
    yield Think(["Asking the cost analysis and the usage report."])
    analysis: Answer | None = None
    with suppress(ToolFailed):
        analysis = yield from cost_analysis(history)
    report = yield from usage_report(records)
    return {
        "currency": report["currency"],
        "monthly_savings": analysis["monthly_savings"] if analysis else None,
        "total_cost": report["total_cost"],
        "cost_analysis": analysis,
        "usage_report": report,
        "partial": analysis is None,
        "summary": f"You spend {report['total_cost']}.",
    }


def _inventory() -> Generator[Move, Any, tuple[list[dict[str, Any]], dict[str, list[str]], dict[str, Any]]]:
    yield Think(["Reading the instances of your cloud account."])
    (listing,) = yield call("list_instances")
    instances = [instance for instance in listing["instances"] if instance["state"] == "running"]
    yield Think([f"Looking at the last 14 days of {len(instances)} running instances."])
    types = {instance["instance_type"] for instance in instances}
    priced = sorted(types | {smaller for smaller in map(_smaller, types) if smaller})
    ids = [instance["resource_id"] for instance in instances]
    utilisation, prices = yield Calls(
        [Call("read_utilisation", {"resource_ids": ids}), Call("read_prices", {"instance_types": priced})]
    )
    return instances, utilisation["datapoints"], prices


def _judged(instances: list[dict[str, Any]], points: dict[str, list[str]], prices: dict[str, str]) -> Findings:
    found = [finding for instance in instances if (finding := _judge(instance, points, prices))]
    return sorted(found, key=lambda each: (-Decimal(each["monthly_savings"]), each["resource_id"]))


def _judge(instance: dict[str, Any], points: dict[str, list[str]], prices: dict[str, str]) -> dict[str, Any] | None:
    kind, values = instance["instance_type"], points.get(instance["resource_id"])
    if not values or kind not in prices:
        return None
    average = sum(map(Decimal, values), Decimal(0)) / len(values)
    if average >= 20:
        return None
    smaller = None if average < 5 else _smaller(kind)
    if average >= 5 and smaller not in prices:
        return None
    hourly = Decimal(prices[kind]) - (Decimal(prices[smaller]) if smaller else 0)
    return {
        "resource_id": instance["resource_id"],
        "name": instance["name"],
        "instance_type": kind,
        "finding": "oversized" if smaller else "idle",
        "average_cpu_percent": str(average.quantize(_CENT)),
        "recommended_instance_type": smaller,
        "monthly_savings": str((hourly * _HOURS).quantize(_CENT, ROUND_HALF_UP)),
    }


def _smaller(instance_type: str) -> str | None:
    family, _, size = instance_type.partition(".")
    position = _SIZES.index(size) if size in _SIZES else 0
    return f"{family}.{_SIZES[position - 1]}" if position else None


def _total(findings: Findings) -> Decimal:
    return sum((Decimal(finding["monthly_savings"]) for finding in findings), Decimal("0.00"))
