"""Who may use which tool: an agent that tries every tool, and the published tool list of tools."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from support.agent_execution.run_tracking import worker_of
from support.cloud.servers import Account, servers_of
from support.platform.components import Component
from support.platform.target import kind_of
from support.platform.values import Tool
from support.scenario import agents
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.server_tasks import ServerTask, TaskRequest, TaskRequests

TOOLS_TO: Mapping[str, frozenset[str]] = {
    "read": frozenset({ServerTask.LIST.tool, "read_utilisation", "read_prices"}),
    "label": frozenset({ServerTask.LABEL.tool}),
    "stop": frozenset({ServerTask.STOP.tool}),
    "resize": frozenset({ServerTask.RESIZE.tool}),
}
"""The tools for each thing that can be done to servers."""
EVERY_TOOL = frozenset[str]().union(*TOOLS_TO.values())
_CHANGES = (ServerTask.LABEL, ServerTask.STOP, ServerTask.RESIZE)
_MOST_RUNS = 40
_DETAILS = ("permission", "plans", "roles")


@dataclass(frozen=True, slots=True)
class EveryTool:
    """Who tried every tool, how the servers were before, and each change that was tried, on a server of its own."""

    caller: User
    before: Account
    changes: tuple[TaskRequest, ...]

    def expected_servers(self, allowed: Collection[str]) -> Account:
        """The servers when only the changes by allowed tools were made."""
        alias = self.caller.tenant.alias
        made = tuple(each for each in self.changes if each.task.tool in allowed)
        return TaskRequests({alias: self.before}, made).expected()[alias]


def tools_to(rights: Collection[str]) -> frozenset[str]:
    """The tools that somebody with these rights may use."""
    return frozenset[str]().union(*(TOOLS_TO[right] for right in rights))


def _try_every_tool(by_another: bool, world: World, caller: User) -> RunHandle | None:
    before = servers_of(world, caller.tenant)
    if len(before) < len(_CHANGES):
        raise NotShown(f"{caller} has {len(before)} servers, {len(_CHANGES)} are needed")
    changes = tuple(TaskRequest(caller, task, (id,)) for task, id in zip(_CHANGES, before, strict=False))
    calls = [
        agents.call("list_instances"),
        agents.call("read_utilisation", resource_ids=list(before)),
        agents.call("read_prices", instance_types=sorted({server["type"] for server in before.values()})),
        *(call for change in changes for call in change.calls()),
    ]
    world.keep(EveryTool(caller, before, changes))
    script = agents.trying(*calls)
    if by_another:
        script = agents.script({"delegate": {"agent": agents.PROBE, "input": script}})
    return world.start_run(caller, agents.PROBE, input=script)


def _try_every_tool_everywhere(world: World, caller: User) -> RunHandle | None:
    """Such agents, one after the other, until every worker has carried one out.

    :raises NotShown: a worker never does.
    """
    left = set(world.target.of_kind(kind_of(world.target.part(Component.WORKERS).service)))
    for _ in range(_MOST_RUNS):
        run = _try_every_tool(False, world, caller)
        if run is None:
            return None
        world.ended(run)
        left.discard(worker_of(world, run))
        if not left:
            return run
    raise NotShown(f"of {_MOST_RUNS} runs {', '.join(sorted(left))} has carried out none")


def tool_results(world: World) -> dict[str, Mapping[str, Any]]:
    """By tool, what its call gave: an entry with its ``result``, or with its ``error``."""
    run = world.ended(world.run_of(world.kept(EveryTool).caller))
    return {each["tool"]: each for each in run.part("results") or []}


def worked(world: World) -> dict[str, Any]:
    """The tools that gave a result, and the caller's servers as the cloud account shows them now."""
    succeeded = [tool for tool, each in tool_results(world).items() if each.get("result") is not None]
    return {"tools": sorted(succeeded), "servers": servers_of(world, world.kept(EveryTool).caller.tenant)}


def expected_to_work(world: World, rights: Collection[str]) -> dict[str, Any]:
    """What ``worked`` must be for a caller with these rights."""
    allowed = tools_to(rights)
    return {"tools": sorted(allowed), "servers": world.kept(EveryTool).expected_servers(allowed)}


def refusals(world: World) -> dict[str, dict[str, Any]]:
    """By tool that gave no result, the error that the agent received."""
    found = tool_results(world)
    errors = {tool: found.get(tool, {}).get("error") or {} for tool in _without_result(world)}
    return {tool: {key: error.get(key) for key in ("code", *_DETAILS)} for tool, error in errors.items()}


def expected_refusals(world: World) -> dict[str, dict[str, Any]]:
    """What ``refusals`` must be, by the published list."""
    listed = published_tools(world, world.kept(EveryTool).caller)
    return {
        tool: {"code": "permission_denied", **{key: getattr(listed[tool], key) for key in _DETAILS}}
        for tool in _without_result(world)
    }


def _without_result(world: World) -> list[str]:
    found = tool_results(world)
    return sorted(tool for tool in EVERY_TOOL if found.get(tool, {}).get("result") is None)


def published_tools(world: World, caller: User) -> dict[str, Tool]:
    """The tools by name, as the platform lists them to the caller."""
    return {each.name: each for each in world.platform.tools(caller).require().items}


def published_rights(world: World, caller: User) -> dict[str, tuple[bool, bool]]:
    """By tool: whether the list gives it to the caller's plan and role, and whether it allows it to the caller."""
    plan, listed = caller.tenant.plan.wire, published_tools(world, caller)
    return {
        name: (plan in each.plans and caller.role in each.roles, bool(each.allowed))
        for name, each in listed.items()
        if name in EVERY_TOOL
    }


def expected_rights(rights: Collection[str]) -> dict[str, tuple[bool, bool]]:
    """What ``published_rights`` must be for a caller with these rights."""
    allowed = tools_to(rights)
    return {tool: (tool in allowed, tool in allowed) for tool in EVERY_TOOL}


WORK: dict[str, Work] = {
    "an agent that tries every tool": partial(_try_every_tool, False),
    "agents that try every tool on every worker": _try_every_tool_everywhere,
    "an agent that has another one try every tool": partial(_try_every_tool, True),
}
