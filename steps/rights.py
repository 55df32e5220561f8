"""Who may pass which door."""

from behave import given, then, when
from hamcrest import empty, equal_to

from support import openapi, rights, roles
from support.checks.rights import follow_the_rights, name_what_is_missing


@given("{owner:User} is {plan:Plan} customer with people in every role")
def _(context, owner, plan):
    roles.people_in_every_role(context.world, owner, plan)


@when("everybody in {owner:User} tries every door, and the operator too")
def _(context, owner):
    roles.try_every_door(context.world, owner)


@when("{customer:User} looks up which doors there are")
def _(context, customer):
    context.world.facts["published"] = list(openapi.operations(context.world))


@then("each door was open or closed to each of them as the rights of their role say")
def _(context):
    context.world.expect(context.world.recall(roles.TRIED, list), follow_the_rights())


@then("no closed door has let anything be changed")
def _(context):
    before, after = context.world.recall(roles.CHANGED, tuple)
    context.world.expect(after, equal_to(before))


@then("each who was refused was told which permission is missing")
def _(context):
    context.world.expect(context.world.recall(roles.TRIED, list), name_what_is_missing())


@then("each door that is published has its rights written down")
def _(context):
    context.world.expect(rights.forgotten(context.world.recall("published", list)), empty())


@then("no rights are written down for a door that is not there")
def _(context):
    context.world.expect(rights.without_door(context.world.recall("published", list)), empty())
