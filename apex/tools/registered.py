"""Tools that operators add while the platform runs: a path at a partner, with a schema of its parameters.

They are stored, and looked up at each call: what is added or withdrawn holds for every instance at once.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from sqlalchemy import Row, text

from apex.http.problems import Problem
from apex.storage.database import Database
from apex.storage.tables import registered_tools
from apex.tools.errors import ToolError, WrongParameters
from apex.tools.tool import Tool, ToolCall

_COLUMNS = ", ".join(registered_tools.c.keys())
_ONE = text(f"SELECT {_COLUMNS} FROM tool_of_name(:name)").columns(*registered_tools.c)
_ALL = text(f"SELECT {_COLUMNS} FROM tools_in_use()").columns(*registered_tools.c)
# Without what it could fetch from elsewhere: a schema refers to itself alone.
_NOWHERE: Registry[Any] = Registry()


class RegisteredTool(Tool):
    """Sends its parameters to a partner as a JSON object; the object in the answer is the result."""

    def __init__(self, row: Row[Any]) -> None:
        self.name, self.description, self.permission = row.name, row.description, row.permission
        self._schema, self._partner, self._path = row.parameters, row.partner, row.path

    def schema(self) -> dict[str, Any]:
        """As the operator has given it."""
        schema: dict[str, Any] = self._schema
        return schema

    def parse(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters themselves, when they keep to the schema."""
        faults = Draft202012Validator(self._schema, registry=_NOWHERE).iter_errors(parameters)
        wrong = sorted({".".join(map(str, fault.absolute_path)) or fault.validator for fault in faults})
        if wrong:
            raise WrongParameters(wrong)
        return parameters

    async def execute(self, call: ToolCall, parameters: dict[str, Any]) -> dict[str, Any]:
        partners = {"pricing": call.pricing_url}
        response = await call.send(f"{partners[self._partner]}{self._path}", parameters)
        try:
            result = response.json()
        except ValueError:
            result = None
        if not isinstance(result, dict):
            raise ToolError("The partner's answer could not be read.", recoverable=True)
        return result


class RegisteredTools:
    """The stored tools, of all instances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> RegisteredTool:
        """The tool of that name.

        Raises:
            Problem: 404, there never was one; 410, it was withdrawn.
        """
        row = self._row(name)
        if row.withdrawn_at is not None:
            raise Problem(410, "tool_withdrawn", f"The tool '{name}' was withdrawn and cannot be used any more.")
        return RegisteredTool(row)

    def withdrawn(self, name: str) -> RegisteredTool:
        """The tool of that name, be it withdrawn, for calls that have begun before.

        Raises:
            Problem: 404, there never was one.
        """
        return RegisteredTool(self._row(name))

    def _row(self, name: str) -> Row[Any]:
        with self._database.platform() as connection:
            row = connection.execute(_ONE, {"name": name}).first()
        if row is None:
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.")
        return row

    def in_use(self) -> list[Tool]:
        """Every tool that was not withdrawn."""
        with self._database.platform() as connection:
            return [RegisteredTool(row) for row in connection.execute(_ALL)]
