"""Tools: who may use which, what they do to servers, and how they come and go."""

import random

from support.cloud import servers
from support.platform.dialect import Meaning
from support.scenario import agents
from support.tool_dispatcher.server_tasks import ServerTask, TaskRequest, TaskRequests
from support.tool_dispatcher.tool_execution import start
from support.tool_dispatcher.tool_registration import add_tool, withdraw_tool
from support.walk.moves.runs import has_ended
from support.walk.people import Ground, came, one_of
from support.walk.walking import Stumble

DONE = Meaning.DONE
_LASTING = (ServerTask.LIST, ServerTask.LABEL, ServerTask.MARK)
"""What changes nothing of what can be saved."""
_ENDINGS = ("", "_yearly", "_2", "_" + 49 * "x")
"""So that names of tools begin with those of others; the longest name is as long as is published (64 letters)."""


def uses_tools(ground: Ground, choices: random.Random) -> str | None:
    """Whoever may use a tool by plan and role is told so, and may."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    sentence = f"{person} ({person.role.value}, {person.organisation.plan.value}) looks at the tools"
    tools = ground.world.platform.tools(person.user)
    came(sentence, tools, DONE)
    wrong = [
        f"{tool.name} is {'' if tool.allowed else 'not '}allowed; it is for {tool.plans} and {tool.roles}"
        for tool in tools.value.items
        if tool.allowed != (person.organisation.plan.wire in tool.plans and person.role.value in tool.roles)
    ]
    added = {tool.name for tool in tools.value.items if ground.mark in tool.name}
    if added != ground.tools:
        wrong.append(f"of those that were added it shows {sorted(added)}, there are {sorted(ground.tools)}")
    if wrong:
        raise Stumble(sentence, wrong)
    return sentence


def acts_on_servers(ground: Ground, choices: random.Random) -> str | None:
    """An agent labels servers where its caller may, and no account shows anything else."""
    person = one_of(choices, [each for each in ground.workers() if each.user.tenant.inventory])
    if person is None:
        return None
    world, before = ground.world, servers.accounts(ground.world)
    task, ids = choices.choice(_LASTING), sorted(before[person.user.tenant.alias])
    request = TaskRequest(person.user, task, tuple(choices.sample(ids, choices.randint(1, len(ids)))))
    tools = {tool.name: tool.allowed for tool in world.platform.tools(person.user).require().items}
    sentence = f"{person} ({person.role.value}, {person.organisation.plan.value}) has {task.value} done"
    run = start(world, request)
    came(sentence, world.last_outcome, DONE)
    assert run is not None
    has_ended(ground, sentence, run, "completed" if tools[task.tool] else "failed")
    expected = TaskRequests(before, (request,) if tools[task.tool] else ()).expected()
    shown = servers.accounts(world)
    if shown != expected:
        raise Stumble(sentence, [f"the accounts show {shown}, not {expected}"])
    return sentence


def calls_an_added_tool(ground: Ground, choices: random.Random) -> str | None:
    """An agent calls a tool that the operator has added, where its caller may, and gets the partner's answer."""
    person, name = one_of(choices, ground.workers()), one_of(choices, sorted(ground.tools))
    if person is None or name is None:
        return None
    world, path = ground.world, _path(name)
    world.partner.delay(path, 0.0)
    allowed = {tool.name: tool.allowed for tool in world.platform.tools(person.user).require().items}[name]
    sentence = f"{person} ({person.role.value}, {person.organisation.plan.value}) has {name} called"
    script = agents.calling(agents.call(name, amount="1.00", into="CHF"))
    run = world.start_run(person.user, agents.PROBE, input=script)
    came(sentence, world.last_outcome, DONE)
    assert run is not None
    ended = has_ended(ground, sentence, run, "completed" if allowed else "failed")
    if allowed and (results := ended.part("results")) != [{"tool": name, "result": {"path": path}}]:
        raise Stumble(sentence, [f"the result is {results}, not the answer of {path}"])
    return sentence


def _path(name: str) -> str:
    return f"/quotes/{name}"


def comes_or_goes(ground: Ground, choices: random.Random) -> str | None:
    """The operator adds a tool or withdraws it; others of a similar name stay as they are."""
    name = f"quote{ground.mark}{choices.choice(_ENDINGS)}"
    if name in ground.tools:
        came(f"the operator withdraws {name}", withdraw_tool(ground.world, name), DONE)
        ground.tools.remove(name)
        return f"the operator withdraws {name}"
    came(f"the operator adds {name}", add_tool(ground.world, name, _path(name)), DONE)
    ground.tools.add(name)
    return f"the operator adds {name}"
