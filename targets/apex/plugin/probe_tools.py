"""The tools that the probe agent's scripts call: they read at a partner, sign in there, fail or break.

Loaded by the platform from its plugin directory, as a customer's own tools are.
"""

from __future__ import annotations

import sys
from functools import partial
from hashlib import pbkdf2_hmac
from typing import Any

from pydantic import BaseModel

from apex.tools import Tool, ToolCall, ToolError

# Rounds of hashing, some hundred milliseconds of a processor's time: far more than it takes to have something to read.
_WORK = 400_000


class Path(BaseModel):
    """A path at the partner."""

    path: str


class Message(BaseModel):
    """What a failing tool says."""

    message: str


class ProbeFetch(Tool):
    """Reads a partner's resource."""

    name = "probe_fetch"
    description = "Reads a resource of a partner."
    permission = "partners:read"
    parameters = Path

    async def execute(self, call: ToolCall, parameters: Path) -> dict[str, Any]:
        response = await call.fetch(f"{call.pricing_url}{parameters.path}")
        return {"path": parameters.path, "content": response.text}


class ProbeReadOn(Tool):
    """Reads a partner's resource again and again and works on it, until it is stopped."""

    name = "probe_read_on"
    description = "Reads a resource of a partner until it is stopped."
    permission = "partners:read"
    parameters = Path

    async def execute(self, call: ToolCall, parameters: Path) -> dict[str, Any]:
        while True:
            document = await call.fetch(f"{call.pricing_url}{parameters.path}")
            await call.in_thread(partial(pbkdf2_hmac, "sha256", document.content, b"", _WORK))


class ProbeFail(Tool):
    """Cannot do its work, and says so."""

    name = "probe_fail"
    description = "Fails with a message for the customer."
    permission = "partners:read"
    parameters = Message

    async def execute(self, call: ToolCall, parameters: Message) -> dict[str, Any]:
        raise ToolError(parameters.message, recoverable=True)


class ProbeBreak(Tool):
    """Has a fault of its own."""

    name = "probe_break"
    description = "Breaks."
    permission = "partners:read"
    parameters = Message

    async def execute(self, call: ToolCall, parameters: Message) -> dict[str, Any]:
        raise RuntimeError(parameters.message)


class ProbeExit(Tool):
    """Tries to end the process that it runs in."""

    name = "probe_exit"
    description = "Ends its process."
    permission = "partners:read"
    parameters = Message

    async def execute(self, call: ToolCall, parameters: Message) -> dict[str, Any]:
        sys.exit(parameters.message)


class Topics(BaseModel):
    """Topics, each of them a path at the partner."""

    topics: list[str]


class ProbeResearch(Tool):
    """Reads one topic after the other."""

    name = "probe_research"
    description = "Reads topics at a partner, and reports its progress after each."
    permission = "partners:read"
    parameters = Topics

    async def execute(self, call: ToolCall, parameters: Topics) -> dict[str, Any]:
        found = []
        for number, topic in enumerate(parameters.topics, start=1):
            response = await call.fetch(f"{call.pricing_url}{topic}")
            found.append(response.json()["path"])
            await call.report(f"Read {topic}.", number, len(parameters.topics))
        return {"found": found}


class Login(BaseModel):
    """Where to sign in, as whom and with what."""

    path: str
    user: str
    password: str
    proxy: str
    headers: list[str]
    device: dict[str, Any]


class ProbeSignIn(Tool):
    """Signs in at a partner; the result is what the partner answers."""

    name = "probe_sign_in"
    description = "Signs in at a partner."
    permission = "partners:write"
    parameters = Login

    async def execute(self, call: ToolCall, parameters: Login) -> dict[str, Any]:
        response = await call.send(f"{call.pricing_url}{parameters.path}", parameters.model_dump(exclude={"path"}))
        answer: dict[str, Any] = response.json()
        return answer
