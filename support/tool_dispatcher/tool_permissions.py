"""Who may use which tool: an agent that tries them all, and what the platform publishes about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from support.cloud import servers
from support.cloud.servers import Server, Task
from support.scenario import agents
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

TRIED = "every tool was tried"
TOOLS_TO: Mapping[str, tuple[str, ...]] = {
    "read": ("list_instances", "read_utilisation", "read_prices"),
    "label": ("tag_instances",),
    "stop": ("stop_instances",),
    "resize": ("resize_instance",),
}
"""The tools with which each thing is done to servers."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Who tried every tool, on which server what, and how the servers were before."""

    caller: User
    on: Mapping[Task, str]
    before: Mapping[str, Server]

    def after(self, allowed: Collection[str]) -> dict[str, Server]:
        """How the servers must be when only what is allowed was done."""
        done = {self.on[task]: task for task in Task if task.value in allowed}
        return {
            id: done[id].done_to(server, self.caller.tenant) if id in done else server
            for id, server in self.before.items()
        }


def try_every_tool(world: World, caller: User) -> None:
    """An agent of the caller tries every tool, each that changes something on a server of its own."""
    before = servers.servers_of(world, caller.tenant)
    if len(before) < len(Task):
        raise NotShown(f"{caller} has {len(before)} servers, {len(Task)} are needed")
    on = dict(zip(Task, sorted(before), strict=False))
    calls = [
        agents.call("list_instances"),
        agents.call("read_utilisation", resource_ids=sorted(before)),
        agents.call("read_prices", instance_types=sorted({server.type for server in before.values()})),
        *(call for task, id in on.items() for call in task.calls(caller.tenant, [id])),
    ]
    world.facts[TRIED] = Tried(caller, on, before)
    world.ended(world.running(caller, agents.PROBE, input=agents.trying(*calls)))


def outcomes(world: World) -> dict[str, Mapping[str, Any]]:
    """What came of each tool that was tried: an entry with its ``result``, or with its ``error``."""
    caller = world.recall(TRIED, Tried).caller
    answer = world.ended(world.run_of(caller)).get("answer") or {}
    return {each["tool"]: each for each in answer.get("results") or []}


def tools_to(deeds: Collection[str]) -> set[str]:
    """The tools with which these things are done."""
    return {tool for deed in deeds for tool in TOOLS_TO[deed]}


def published(world: World, caller: User) -> dict[str, Mapping[str, Any]]:
    """The tools by name, as the platform lists them to the caller."""
    return {each["name"]: each for each in world.platform.tools(caller).require()["items"]}


def servers_now(world: World) -> dict[str, Server]:
    """The servers of the one who tried every tool, as the cloud account shows them now."""
    return servers.servers_of(world, world.recall(TRIED, Tried).caller.tenant)


def worked(world: World) -> set[str]:
    """The tools that gave a result."""
    return {tool for tool, each in outcomes(world).items() if each.get("result") is not None}


def said_of_caller(world: World) -> dict[str, tuple[bool, bool]]:
    """Of each tool: whether the list says that its plans and roles are the caller's, and that the caller may."""
    caller = world.recall(TRIED, Tried).caller
    plan, listed = caller.tenant.plan.wire, published(world, caller)
    return {
        name: (plan in each["plans"] and caller.role in each["roles"], each["allowed"])
        for name, each in listed.items()
        if name in tools_to(TOOLS_TO)
    }


def reasons(world: World, tools: Collection[str]) -> dict[str, dict[str, Any]]:
    """Why each of these tools was refused, as the agent was told; nothing for one that was not."""
    found = outcomes(world)
    told = {tool: found.get(tool, {}).get("error") or {} for tool in tools}
    return {
        tool: {key: error.get(key) for key in ("code", "permission", "plans", "roles")} for tool, error in told.items()
    }


def reasons_due(world: World, tools: Collection[str]) -> dict[str, dict[str, Any]]:
    """What ``reasons`` must be, by the published list."""
    listed = published(world, world.recall(TRIED, Tried).caller)
    return {
        tool: {"code": "permission_denied", **{key: listed[tool][key] for key in ("permission", "plans", "roles")}}
        for tool in tools
    }
