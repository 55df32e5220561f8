"""Everybody can do what they have the right to do, and nothing else."""

from hamcrest import empty, equal_to

from support.api import permissions, rights
from support.api.permission_matchers import follow_the_rights, name_what_is_missing
from support.platform import openapi
from support.run.sentences import given, then, when


@given("{owner:User} is {plan:Plan} customer with people in every role")
def _(world, owner, plan):
    permissions.people_in_every_role(world, owner, plan)


@when("everybody in {owner:User} tries every door, and the operator too")
def _(world, owner):
    permissions.try_every_door(world, owner)


@when("{customer:User} looks up which doors there are")
def _(world, customer):
    world.facts["published"] = list(openapi.operations(world))


@then("each door was open or closed to each of them as the rights of their role say")
def _(world):
    world.expect(world.recall(permissions.TRIED, list), follow_the_rights())


@then("no closed door has let anything be changed")
def _(world):
    before, after = world.recall(permissions.CHANGED, tuple)
    world.expect(after, equal_to(before))


@then("each who was refused was told which permission is missing")
def _(world):
    world.expect(world.recall(permissions.TRIED, list), name_what_is_missing())


@then("each door that is published has its rights written down")
def _(world):
    world.expect(rights.forgotten(world.recall("published", list)), empty())


@then("no rights are written down for a door that is not there")
def _(world):
    world.expect(rights.without_door(world.recall("published", list)), empty())
