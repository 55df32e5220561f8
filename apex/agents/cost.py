"""Agents over the customer's cloud account: what can be saved, and how."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apex.agents.agent import Agent, RunContext
from apex.agents.inventory import Finding, read_inventory, total
from apex.agents.money import signed


class CostAnalysis(Agent):
    """Finds idle and oversized instances and what each would save."""

    name = "cost_analysis"
    description = "Finds idle and oversized instances in your cloud account and what each costs you."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Reading the instances of your cloud account.")
        inventory = await read_inventory(context)
        findings = inventory.findings()
        savings = total(findings)
        previous = _previous(context)
        return {
            "currency": inventory.currency,
            "monthly_savings": str(savings),
            "findings": [_told(finding) for finding in findings],
            "instances_examined": len(inventory.instances),
            "instances_unmeasured": inventory.unmeasured,
            "previous": previous,
            "change": signed(savings - Decimal(previous["monthly_savings"])) if previous else None,
            "summary": f"You can save {savings} {inventory.currency} a month on {len(findings)} instances.",
        }


class RightsizingPlan(Agent):
    """Turns the findings into steps to carry out."""

    name = "rightsizing_plan"
    description = "Plans which instances to stop or to make smaller, the most valuable step first."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Reading the instances of your cloud account.")
        inventory = await read_inventory(context)
        findings = inventory.findings()
        savings = total(findings)
        return {
            "currency": inventory.currency,
            "monthly_savings": str(savings),
            "steps": [
                {
                    "resource_id": finding.resource_id,
                    "name": finding.name,
                    "from_type": finding.instance_type,
                    "to_type": finding.recommended_instance_type,
                    "monthly_savings": str(finding.monthly_savings),
                }
                for finding in findings
            ],
            "summary": f"{len(findings)} steps save {savings} {inventory.currency} a month.",
        }


def _told(finding: Finding) -> dict[str, Any]:
    return {
        "resource_id": finding.resource_id,
        "name": finding.name,
        "instance_type": finding.instance_type,
        "finding": finding.finding,
        "average_cpu_percent": str(finding.average_cpu_percent),
        "recommended_instance_type": finding.recommended_instance_type,
        "monthly_savings": str(finding.monthly_savings),
    }


def _previous(context: RunContext) -> dict[str, str] | None:
    """The newest earlier cost answer of the thread."""
    for message in reversed(context.history):
        if message.data is not None and message.run_id is not None and "findings" in message.data:
            return {"run_id": message.run_id, "monthly_savings": message.data["monthly_savings"]}
    return None
