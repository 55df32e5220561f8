"""What an agent is, and what it may do while it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Protocol


class ToolFailed(Exception):
    """A tool could not do its work, or was refused; ``message`` is fit for a customer.

    ``code``: tool_failed, invalid_parameters, permission_denied, unknown_tool or tool_withdrawn. ``details``: of a
    refusal the ``permission`` that is missing, and the ``plans`` and ``roles`` that have it. ``duration_seconds``: how
    long the tool was at work, with what it has used all the same: ``bytes_read`` and ``cpu_seconds``.
    """

    def __init__(
        self,
        tool_name: str,
        message: str,
        recoverable: bool,
        code: str = "tool_failed",
        details: dict[str, Any] | None = None,
        duration_seconds: float = 0.0,
        bytes_read: int = 0,
        cpu_seconds: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.tool_name, self.message, self.recoverable = tool_name, message, recoverable
        self.code, self.details, self.duration_seconds = code, details or {}, duration_seconds
        self.bytes_read, self.cpu_seconds = bytes_read, cpu_seconds


@dataclass(frozen=True)
class Message:
    """A message of the run's thread: ``role`` is user or assistant, ``data`` an earlier answer."""

    role: str
    content: str
    data: dict[str, Any] | None
    run_id: str | None


@dataclass(frozen=True)
class UsageRecord:
    """One line of the customer's stored usage: what a service cost on a day (USD)."""

    service: str
    day: date
    quantity: Decimal
    cost: Decimal


class RunContext(Protocol):
    """The run as its agent sees it; every step through here is told to the customer as it happens."""

    @property
    def input(self) -> dict[str, Any]:
        """What the customer asked for."""

    @property
    def history(self) -> Sequence[Message]:
        """The thread's messages before this run, oldest first (the newest 50)."""

    @property
    def state(self) -> dict[str, Any]:
        """The agent's working state; its largest size (bytes of its JSON) is reported as usage."""

    async def think(self, thought: str) -> None:
        """Tell the customer what is being considered."""

    async def call_tool(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call a tool on the customer's behalf; raises ToolFailed. Several may be awaited side by side."""

    async def delegate(self, agent_name: str, input: dict[str, Any]) -> dict[str, Any]:
        """Let another agent do a part; it tells its part inside this run's story."""

    def leave_out(self, part: str) -> None:
        """Go on without a part of the answer; the run's answer is marked as partial."""

    def usage_records(self) -> list[UsageRecord]:
        """The usage that the customer has stored, oldest first."""


class Agent(ABC):
    """One kind of work. Instances are shared between runs: whatever belongs to a run lives in its context."""

    name: ClassVar[str]
    description: ClassVar[str]

    @abstractmethod
    async def run(self, context: RunContext) -> dict[str, Any]:
        """Do the work; returns the answer, a JSON object (money as decimal text)."""

    def tell(self, answer: dict[str, Any]) -> str:
        """The answer as a message in the thread."""
        return str(answer.get("summary", "Done."))
