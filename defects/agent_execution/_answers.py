"""How a defect spoils what agents answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defects._patching import replace

Answer = dict[str, Any]


def spoilt(agent: type, change: Callable[[Answer], Answer]) -> None:
    """What ``change(answer)`` gives takes the place of its fields in each answer of an agent."""

    async def run(self: Any, context: Any) -> Answer:
        answer = await original(self, context)
        return {**answer, **change(answer)}

    original = replace(agent, "run", run)
