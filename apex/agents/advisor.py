"""The supervisor agent: it delegates, and puts the parts together."""

from __future__ import annotations

from typing import Any

from apex.agents.agent import Agent, RunContext, ToolFailed


class Advisor(Agent):
    """Asks the cost analysis and the usage report, and answers with both; without the first where a tool failed."""

    name = "advisor"
    description = "Combines the cost analysis and the usage report into one advice."

    async def run(self, context: RunContext) -> dict[str, Any]:
        await context.think("Asking the cost analysis and the usage report.")
        analysis: dict[str, Any] | None = None
        try:
            analysis = await context.delegate("cost_analysis", {})
        except* ToolFailed:
            context.leave_out("cost_analysis")
        report = await context.delegate("usage_report", {})
        if analysis is None:
            return {
                "currency": report["currency"],
                "monthly_savings": None,
                "total_cost": report["total_cost"],
                "cost_analysis": None,
                "usage_report": report,
                "summary": f"You spend {report['total_cost']}; what you could save cannot be told right now.",
            }
        return {
            "currency": analysis["currency"],
            "monthly_savings": analysis["monthly_savings"],
            "total_cost": report["total_cost"],
            "cost_analysis": analysis,
            "usage_report": report,
            "summary": f"Of {report['total_cost']} you spend, {analysis['monthly_savings']} a month can be saved.",
        }
