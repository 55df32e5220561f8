"""Agents and tools out of a plugin directory."""

from pathlib import Path

from apex.runtime.plugins import find
from apex.tools import Tool

TOOL = """
from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from apex.tools import Tool, ToolCall


class Device(BaseModel):
    described: dict[str, Any]


class Register(Tool):
    name = "register"
    description = "Registers a device."
    permission = "partners:write"
    parameters = Device

    async def execute(self, call: ToolCall, parameters: Device) -> dict[str, Any]:
        return parameters.described
"""


def test_a_tool_may_name_what_its_module_imports_in_its_parameters(tmp_path: Path) -> None:
    (tmp_path / "devices.py").write_text(TOOL)
    (tool,) = find(Tool, "apex.tools", tmp_path)
    parsed = tool.parse({"described": {"name": "laptop"}})
    assert parsed.model_dump() == {"described": {"name": "laptop"}}
