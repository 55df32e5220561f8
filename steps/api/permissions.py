"""Users can do what their role permits, and nothing else."""

from support.api import access_rules, permissions
from support.api.calls import Calls
from support.matchers.faultless import is_just
from support.platform import openapi
from support.run.sentences import then, when


@when("everybody in {owner:User} and the operator call every API endpoint")
def _(world, owner):
    world.keep(Calls(permissions.call_every_endpoint(world, owner)))


@then("no refused request has changed {customer:Owner} data")
def _(world, customer):
    data = world.kept(permissions.DataAroundRefusals)
    world.expect(data.after, is_just(data.before, "the data as it was stored before"))


@then("every permission error names the missing permission")
def _(world):
    world.expect(world.kept(Calls).made, permissions.name_the_missing_permission())


@then("the published API reference lists every endpoint that has an access rule")
def _(world):
    world.expect(list(openapi.operations(world)), access_rules.cover(world.target.endpoints.roles))
