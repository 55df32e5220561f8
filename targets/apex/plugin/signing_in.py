"""A tool that is given a secret and gives one back.

Loaded by the platform from its plugin directory, as a customer's own tools are.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from apex.tools import Tool, ToolCall


class Login(BaseModel):
    """Where to sign in, as whom and with what."""

    path: str
    user: str
    password: str
    proxy: str
    headers: list[str]


class SignIn(Tool):
    """Signs in at a partner; the result is what the partner answers."""

    name = "probe_sign_in"
    description = "Signs in at a partner."
    permission = "partners:write"
    parameters = Login

    async def execute(self, call: ToolCall, parameters: Login) -> dict[str, Any]:
        response = await call.send(f"{call.pricing_url}{parameters.path}", parameters.model_dump(exclude={"path"}))
        answer: dict[str, Any] = response.json()
        return answer
