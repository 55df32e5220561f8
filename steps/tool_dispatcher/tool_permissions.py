"""Agents have the rights of their caller, and no more."""

from hamcrest import has_length

from support.matchers.faultless import is_just
from support.run.sentences import given, then
from support.scenario.partner import own_path
from support.tool_dispatcher import tool_permissions


@given("{owner:User} has changed to {plan:Plan} plan")
def _(world, owner, plan):
    world.platform.change_plan(owner, plan.wire).require()
    owner.tenant.plan = plan


@then("only the tools to {rights:Rights} servers have run")
def _(world, rights):
    expected = tool_permissions.expected_to_work(world, rights)
    world.expect(tool_permissions.worked(world), is_just(expected, f"only the tools to {', '.join(rights)}"))


@then("each refusal names the missing permission and the plans and roles that include it")
def _(world):
    world.expect(tool_permissions.refusals(world), is_just(tool_permissions.expected_refusals(world)))


@then("the published tool list allows {caller:User} only the tools to {rights:Rights} servers")
def _(world, caller, rights):
    world.expect(tool_permissions.published_rights(world, caller), is_just(tool_permissions.expected_rights(rights)))


@then("the partner has received one request from {allowed:User} and none from {refused:User}")
def _(world, allowed, refused):
    world.expect(world.partner.calls(own_path(allowed)), has_length(1))
    world.expect(world.partner.calls(own_path(refused)), has_length(0))
