"""What the tools service takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from apex.http.values import Id, Request, ShortText


class Execution(Request):
    """A call of a tool for a run; what it reports is told as part of ``agent_name``'s story.

    ``delegated``: that agent works for another, inside the same run.
    """

    run_id: Id
    thread_id: Id
    agent_name: ShortText
    delegated: bool = False
    parameters: Annotated[dict[str, Any], Field(max_length=10_000)]


class ExecutionError(BaseModel):
    """``message`` is fit for a customer; ``recoverable`` says whether trying again may help."""

    code: str
    message: str
    recoverable: bool


class ExecutionUsage(BaseModel):
    """Bytes read from cloud and partners; CPU time, and how long the tool was at work, in seconds."""

    bytes_read: int
    cpu_seconds: float
    duration_seconds: float


class ExecutionAnswer(BaseModel):
    """What came of a call: ``result`` or ``error``."""

    call_id: UUID
    status: Literal["succeeded", "failed"]
    result: dict[str, Any] | None
    error: ExecutionError | None
    usage: ExecutionUsage


class ToolDescription(BaseModel):
    """A tool; ``parameters`` is their JSON Schema; ``plans`` and ``roles`` have the permission that it needs."""

    name: str
    description: str
    parameters: dict[str, Any]
    permission: str
    plans: list[str]
    roles: list[str]


class ToolList(BaseModel):
    """The tools that can be called."""

    items: list[ToolDescription]
