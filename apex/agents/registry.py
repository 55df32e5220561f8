"""The agents that this deployment knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from apex.agents.advisor import Advisor
from apex.agents.agent import Agent
from apex.agents.cost import CostAnalysis, RightsizingPlan
from apex.agents.usage import UsageReport
from apex.runtime.plugins import find


class AgentRegistry:
    """Agents by name."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents = {agent.name: agent for agent in agents}

    @classmethod
    def with_plugins(cls, directory: Path | None) -> AgentRegistry:
        """The built-in agents and those of plugins."""
        plugins: Iterable[Agent] = find(Agent, "apex.agents", directory)
        return cls([CostAnalysis(), RightsizingPlan(), UsageReport(), Advisor(), *plugins])

    def find(self, name: str) -> Agent | None:
        return self._agents.get(name)

    def __iter__(self) -> Iterator[Agent]:
        return iter(sorted(self._agents.values(), key=lambda agent: agent.name))
