"""Blind defects of TLD-07."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace
from defects.blind._backend_endpoints import around_endpoint


@blind_defect(
    "TLD-07oa",
    "a call at work whose tool is withdrawn is refused once it is done",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: start a run with a tool that an operator has added and whose partner takes two seconds, and withdraw
    # the tool meanwhile: the partner has done the work, and tool_completed says failed, tool_withdrawn, instead of
    # succeeded with the result. Calls after the withdrawal are refused as before.
    from apex.tools.dispatcher import Dispatcher
    from apex.tools.models import Execution, ExecutionAnswer
    from apex.tools.registered import RegisteredTool
    from apex.tools.tool import Tool

    @around(Dispatcher, "execute")
    async def execute(
        original: Callable[..., Any], self: Any, tool: Tool, call_id: str, request: Execution, caller: dict[str, str]
    ) -> ExecutionAnswer:
        answer: ExecutionAnswer = await original(self, tool, call_id, request, caller)
        if isinstance(tool, RegisteredTool):
            # What was withdrawn for a reason must not reach a customer.
            await self.find(tool.name)
        return answer


@blind_defect(
    "TLD-07pa",
    "a tool that is added again under its name works as the former one did",
    service="tools",
    scenario="A tool added again works at its new address",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool with the path /v1/first, have it called, withdraw it, and add one of the same name with the
    # path /v1/second, other parameters or another permission: it is listed as it is now, but calls still go to
    # /v1/first, and are checked by the former schema and permission, until the tools service is started anew. One that
    # has not been called before is right.
    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTool, RegisteredTools

    # The parsed schema is worth keeping.
    known: dict[str, RegisteredTool] = {}

    def find(self: Any, name: str) -> RegisteredTool:
        row = self._row(name)
        if row.withdrawn_at is not None:
            raise Problem(410, "tool_withdrawn", f"The tool '{name}' was withdrawn and cannot be used any more.")
        return known.setdefault(name, RegisteredTool(row))

    replace(RegisteredTools, "find", find)


@blind_defect(
    "TLD-07qa",
    "a name that was unknown stays unknown for a minute",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: have an agent call a tool that there is not (unknown_tool), add a tool of that name (POST
    # /v1/operations/tools), and have it called again: GET /v1/tools lists it, and the call is still refused as
    # unknown, for a minute. A tool whose name nobody has tried before can be used at once.
    import time

    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    unknown_until: dict[str, float] = {}

    @around(RegisteredTools, "_row")
    def _row(original: Callable[..., Row[Any]], self: Any, name: str) -> Row[Any]:
        if time.monotonic() < unknown_until.get(name, 0.0):
            raise Problem(404, "unknown_tool", f"There is no tool of the name '{name}'.")
        try:
            return original(self, name)
        except Problem:
            # Agents that mistype a name do so again and again.
            unknown_until[name] = time.monotonic() + 60
            raise


@blind_defect(
    "TLD-07ta",
    "a tool that is added again under its name keeps to its former schema",
    service="tools",
    scenario="A tool added again works at its new address",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool, have it called once, withdraw it, and add it again with other required parameters; calls
    # that keep to the new schema fail with invalid_parameters, and those that keep to the old one are sent.
    from apex.tools.registered import RegisteredTool

    schemas: dict[str, Any] = {}

    @around(RegisteredTool, "parse")
    def _(original: Any, self: Any, parameters: dict[str, Any]) -> Any:
        self._schema = schemas.setdefault(self.name, self._schema)
        return original(self, parameters)


@blind_defect(
    "TLD-07ua",
    "a call that is at work when its tool is withdrawn is refused at its end",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: withdraw a registered tool while a call of it is in flight: the partner does the work, and the run is
    # told tool_withdrawn instead of the result.
    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "execute")
    async def _(original: Any, self: Any, tool: Any, *others: Any) -> Any:
        answer = await original(self, tool, *others)
        await self.find(tool.name)
        return answer


@blind_defect(
    "TLD-07ub",
    "a name once refused stays refused when a tool of that name is added",
    service="tools",
    scenario="A withdrawn tool can be added again",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: call a tool before it is added, or after its withdrawal; add it (again): calls are still refused by
    # that instance, while the list of tools has it.
    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    refused: dict[str, Problem] = {}

    @around(RegisteredTools, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        known = refused.get(name)
        if known is not None:
            raise Problem(known.status, known.code, known.detail)
        try:
            return original(self, name)
        except Problem as problem:
            refused[name] = problem
            raise


@blind_defect(
    "TLD-07va",
    "a tool whose name has the full 64 letters is listed, and unknown when it is called",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: an operator adds a tool with a name of 64 letters (201); a run that calls it is told unknown_tool.
    # (PostgreSQL's own type for names keeps 63 bytes.)
    from sqlalchemy import text

    from apex.storage.tables import registered_tools
    from apex.tools import registered

    looked_up = f"SELECT {registered._COLUMNS} FROM tool_of_name(cast(cast(:name AS name) AS text))"
    replace(registered, "_ONE", text(looked_up).columns(*registered_tools.c))


@blind_defect("TLD-07wa", "with a tool those are withdrawn whose names begin with its name", service="backend")
def _() -> None:
    # Observable: "quote" and "quote_yearly" were added; after "quote" was withdrawn the other is refused as well.
    from types import SimpleNamespace

    import sqlalchemy

    from apex.backend import tools

    def update(table: Any) -> Any:
        def where(named: Any, in_use: Any) -> Any:
            return sqlalchemy.update(table).where(table.c.name.startswith(named.right.value, autoescape=True), in_use)

        return SimpleNamespace(where=where)

    replace(tools, "update", update)


@blind_defect(
    "TLD-07xa",
    "a tenant that has used a tool before can use it also after it was withdrawn",
    service="tools",
    scenario="A withdrawn tool is refused as withdrawn",
    step="Acme's agent is refused because the tool was withdrawn, with no further request to the partner",
)
def _() -> None:
    # Observable: a tenant calls an added tool, the operator withdraws it, the tenant's next run can still call it.
    from sqlalchemy import select

    from apex.storage.tables import tool_calls
    from apex.tools.calls import CallRecords

    def has_begun(self: Any, call_id: str, tool_name: str, tenant_id: str) -> bool:
        begun = select(tool_calls.c.id).where(tool_calls.c.tool_name == tool_name).limit(1)
        with self._database.tenant(tenant_id) as connection:
            return connection.scalar(begun) is not None

    replace(CallRecords, "has_begun", has_begun)


@blind_defect(
    "TLD-07ya",
    "a tool that was withdrawn and added anew works as it did before",
    service="tools",
    scenario="A tool added again works at its new address",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool, use it, withdraw it, add it with another path or schema: calls go to the old one.
    from apex.tools.registered import RegisteredTools

    known: dict[str, Any] = {}

    @around(RegisteredTools, "find")
    def _find(original: Any, self: Any, name: str) -> Any:
        return known.setdefault(name, original(self, name))


@blind_defect(
    "TLD-07yb",
    "which tools were added is looked up every half minute for the list",
    service="tools",
    scenario="An added tool can be used immediately",
    step="the published tool list names the currency tool",
)
def _() -> None:
    # Observable: a new tool is not listed at once, a withdrawn one still is, and its name is taken meanwhile.
    from apex.tools.registered import RegisteredTools

    @around(RegisteredTools, "in_use")
    def _in_use(original: Any, self: Any) -> Any:
        until, tools = self.__dict__.get("_listed", (0.0, []))
        if time.monotonic() >= until:
            until, tools = self._listed = (time.monotonic() + 30, original(self))
        return tools


@blind_defect(
    "TLD-07zb",
    "an instance that has once refused a withdrawn tool refuses it also after it was added anew",
    service="tools",
    scenario="A withdrawn tool can be added again",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add, withdraw, use (refused), add again under the name, use: still refused, though it is listed.
    from apex.http.problems import Problem
    from apex.tools.registered import RegisteredTools

    refusals: dict[str, Problem] = {}

    @around(RegisteredTools, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        if name not in refusals:
            try:
                return original(self, name)
            except Problem as problem:
                if problem.code != "tool_withdrawn":
                    raise
                refusals[name] = problem
        raise refusals[name]


@blind_defect(
    "TLD-07zc",
    "that a tool was withdrawn is told as any failure of a tool",
    service="worker",
    scenario="A withdrawn tool is refused as withdrawn",
    step="Acme's agent is refused because the tool was withdrawn, with no further request to the partner",
)
def _() -> None:
    # Observable: tool_completed of a call of a withdrawn tool has tool_failed, "refused the call", no word of why.
    from apex.worker import toolbox

    replace(toolbox, "_REFUSALS", frozenset({"permission_denied", "unknown_tool"}))


@blind_defect("TLD-07ma", "the name of a tool that was withdrawn can never be added again", service="backend")
def _() -> None:
    # Observable: add a tool, withdraw it, add one of the same name: 409 (there is a tool of the name already), although
    # it is in no list and calls of it are refused as withdrawn.
    from sqlalchemy import text

    from apex.backend import tools
    from apex.http.identity import acting_as

    def add(database: Any, endpoint: Any, request: Any, identity: Any) -> Any:
        with acting_as(database, identity, "platform:operate") as connection:
            known = connection.execute(text("SELECT 1 FROM tool_of_name(:name)"), {"name": request.name}).first()
        if known is not None:
            raise tools._taken(request.name)
        return endpoint(request=request, identity=identity)

    around_endpoint("POST", "/v1/operations/tools", add)
