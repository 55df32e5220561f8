"""The supervisor agent: it delegates, and puts the parts together."""

from __future__ import annotations

from typing import Any

from apex.agents.agent import Agent, RunContext


class Advisor(Agent):
    """Asks the cost analysis and the usage report, and answers with both."""

    name = "advisor"
    description = "Combines the cost analysis and the usage report into one advice."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Asking the cost analysis and the usage report.")
        analysis = await context.delegate("cost_analysis", {})
        report = await context.delegate("usage_report", {})
        return {
            "currency": analysis["currency"],
            "monthly_savings": analysis["monthly_savings"],
            "total_cost": report["total_cost"],
            "cost_analysis": analysis,
            "usage_report": report,
            "summary": f"Of {report['total_cost']} you spend, {analysis['monthly_savings']} a month can be saved.",
        }
