"""The effect of a change is known beforehand."""

from support.configuration import commands, impact, secrets
from support.configuration.commands import Report
from support.configuration.draft import Candidate
from support.matchers.faultless import is_just
from support.run.sentences import then, when


@then("the report says that {services:ConfiguredServices} {take_over:Takes}")
def _(world, services, take_over):
    world.expect(impact.reported(world), impact.says(services, take_over, world.kept(Candidate).draft))


@then("exactly this happens when the candidate is deployed")
def _(world):
    impact.expect_as_reported(world)


@then("the report names no change")
def _(world):
    world.expect(world.kept(Report).said, is_just({"changes": [], "restart": []}))


@then("the report names each change and every service to be restarted")
def _(world):
    world.expect(impact.reported(world), impact.names_every_change(world.kept(Candidate).draft))


@then("no secret is shown in the report")
def _(world):
    world.expect({"impact": world.kept(Report).text}, secrets.show_none(world))


@when("the operator asks for the impact of the candidate")
def _(world):
    commands.impact(world)
