"""What the tools service takes and gives."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Execution(BaseModel):
    model_config = ConfigDict(extra="forbid")

    run_id: str
    parameters: dict[str, Any]


class ExecutionError(BaseModel):
    """``message`` is fit for a customer; ``recoverable`` says whether trying again may help."""

    message: str
    recoverable: bool


class ExecutionUsage(BaseModel):
    """Bytes read from cloud and partners; CPU and elapsed time in seconds."""

    bytes_read: int
    cpu_seconds: float
    duration_seconds: float


class ExecutionAnswer(BaseModel):
    call_id: UUID
    status: Literal["succeeded", "failed"]
    result: dict[str, Any] | None
    error: ExecutionError | None
    usage: ExecutionUsage


class ToolDescription(BaseModel):
    name: str
    description: str
    parameters: dict[str, Any]


class ToolList(BaseModel):
    items: list[ToolDescription]
