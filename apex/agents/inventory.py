"""The customer's instances with their utilisation and price, as the cost agents judge them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apex.agents.agent import RunContext
from apex.agents.money import cents

HOURS_PER_MONTH = 730
IDLE_BELOW_PERCENT = Decimal(5)
OVERSIZED_BELOW_PERCENT = Decimal(20)
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge")


@dataclass(frozen=True)
class Finding:
    """An instance that costs more than it needs to. ``finding`` is idle or oversized; savings in USD a month."""

    resource_id: str
    name: str
    instance_type: str
    finding: str
    average_cpu_percent: Decimal
    recommended_instance_type: str | None
    monthly_savings: Decimal


@dataclass(frozen=True)
class Inventory:
    """What the tools told: running instances, CPU datapoints (percent) by instance, hourly prices by type (USD)."""

    instances: list[dict[str, Any]]
    datapoints: dict[str, list[Decimal]]
    prices: dict[str, Decimal]
    currency: str

    @property
    def unmeasured(self) -> int:
        return sum(1 for instance in self.instances if not self.datapoints.get(instance["resource_id"]))

    def findings(self) -> list[Finding]:
        """What can be saved, the largest saving first."""
        found = [finding for finding in map(self._judge, self.instances) if finding is not None]
        return sorted(found, key=lambda finding: (-finding.monthly_savings, finding.resource_id))

    def _judge(self, instance: dict[str, Any]) -> Finding | None:
        points = self.datapoints.get(instance["resource_id"])
        price = self.prices.get(instance["instance_type"])
        if not points or price is None:
            return None
        average = sum(points, Decimal(0)) / len(points)
        if average < IDLE_BELOW_PERCENT:
            finding, smaller, saved = "idle", None, price
        elif average < OVERSIZED_BELOW_PERCENT:
            smaller = next_smaller(instance["instance_type"])
            if smaller is None or smaller not in self.prices:
                return None
            finding, saved = "oversized", price - self.prices[smaller]
        else:
            return None
        return Finding(
            instance["resource_id"],
            instance["name"],
            instance["instance_type"],
            finding,
            average.quantize(Decimal("0.01")),
            smaller,
            cents(saved * HOURS_PER_MONTH),
        )


def next_smaller(instance_type: str) -> str | None:
    """The next smaller size of the same family; None for the smallest and for sizes we do not know."""
    family, _, size = instance_type.partition(".")
    position = _SIZES.index(size) if size in _SIZES else 0
    return f"{family}.{_SIZES[position - 1]}" if position > 0 else None


def total(findings: Iterable[Finding]) -> Decimal:
    """What all findings save together, USD a month."""
    return sum((finding.monthly_savings for finding in findings), Decimal("0.00"))


async def read_inventory(context: RunContext) -> Inventory:
    """Read instances, then utilisation and prices side by side, with the customer's own tools."""
    listing = await context.call_tool("list_instances", {})
    instances = [instance for instance in listing["instances"] if instance["state"] == "running"]
    context.state["instances"] = instances
    await context.think(f"Looking at the last 14 days of {len(instances)} running instances.")
    async with asyncio.TaskGroup() as together:
        reading = together.create_task(
            context.call_tool("read_utilisation", {"resource_ids": [instance["resource_id"] for instance in instances]})
        )
        pricing = together.create_task(context.call_tool("read_prices", {"instance_types": _to_price(instances)}))
    utilisation, prices = reading.result(), pricing.result()
    context.state["datapoints"] = utilisation["datapoints"]
    return Inventory(
        instances,
        {key: [Decimal(point) for point in points] for key, points in utilisation["datapoints"].items()},
        {key: Decimal(price) for key, price in prices["prices"].items()},
        prices["currency"],
    )


def _to_price(instances: Iterable[dict[str, Any]]) -> list[str]:
    """The types that are there, and those that may be recommended instead."""
    types = {instance["instance_type"] for instance in instances}
    return sorted(types | {smaller for smaller in map(next_smaller, types) if smaller is not None})
