"""An agent over the customer's own stored usage; it calls no cloud and no tool."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from apex.agents.agent import Agent, RunContext
from apex.agents.money import cents


class UsageReport(Agent):
    """Adds up what the customer's services cost."""

    name = "usage_report"
    description = "Adds up your stored usage by service."

    async def run(self, context: RunContext) -> dict[str, Any]:
        records = context.usage_records()
        await context.think(f"Adding up {len(records)} usage records.")
        quantities: dict[str, Decimal] = defaultdict(Decimal)
        costs: dict[str, Decimal] = defaultdict(Decimal)
        for record in records:
            quantities[record.service] += record.quantity
            costs[record.service] += record.cost
        total = cents(sum(costs.values(), Decimal(0)))
        return {
            "currency": "USD",
            "total_cost": str(total),
            "by_service": [
                {"service": service, "quantity": str(quantities[service]), "cost": str(cents(costs[service]))}
                for service in sorted(costs, key=lambda service: (-costs[service], service))
            ],
            "days": len({record.day for record in records}),
            "records": len(records),
            "summary": f"Your {len(records)} usage records add up to {total} USD.",
        }
