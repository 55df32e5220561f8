"""Agents may do what their customer may do, and no more."""

from hamcrest import equal_to, has_length

from support.run.sentences import then, when
from support.scenario.partner import own_path
from support.tool_dispatcher import partner_sign_in, tool_permissions


@when("{somebody:User} has an agent try every tool")
def _(world, somebody):
    tool_permissions.try_every_tool(world, somebody)


@when("{customers:Users} each have an agent sign in at the partner")
def _(world, customers):
    for customer in customers:
        partner_sign_in.sign_in(world, customer)


@then("the agent could {deeds:Deeds} servers, and do nothing else to them")
def _(world, deeds):
    tried = world.recall(tool_permissions.TRIED, tool_permissions.Tried)
    world.expect(tool_permissions.servers_now(world), equal_to(tried.after(deeds)))
    world.expect(tool_permissions.worked(world), equal_to(tool_permissions.tools_to(deeds)))
    world.facts["deeds"] = deeds


@then("each refusal names the missing permission, and the plans and roles that have it")
def _(world):
    refused = tool_permissions.tools_to(tool_permissions.TOOLS_TO) - tool_permissions.tools_to(world.facts["deeds"])
    due = tool_permissions.reasons_due(world, refused)
    world.expect(tool_permissions.reasons(world, refused), equal_to(due))


@then("the published list of tools says the same")
def _(world):
    allowed = tool_permissions.tools_to(world.facts["deeds"])
    due = {tool: (tool in allowed, tool in allowed) for tool in tool_permissions.tools_to(tool_permissions.TOOLS_TO)}
    world.expect(tool_permissions.said_of_caller(world), equal_to(due))


@then("the partner has heard from {heard:User}, and nothing from {refused:User}")
def _(world, heard, refused):
    world.expect(world.partner.calls(own_path(heard)), has_length(1))
    world.expect(world.partner.calls(own_path(refused)), has_length(0))
