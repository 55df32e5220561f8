"""Services that depend on each other agree."""

from support.configuration import agreement, starts
from support.run.sentences import given, then, when


@given("a candidate with another {setting:SharedSetting} than the running services")
def _(world, setting):
    agreement.contradict(world, setting)


@when("one more {service:StartedService} is started with the candidate")
def _(world, service):
    agreement.start_one_more(world, service)


@then("the start is refused and the message names both sides")
def _(world):
    tried = world.kept(starts.Start)
    world.expect(tried.complaint, agreement.names_both_sides(world, tried.service))


@then("the new {service:StartedService} becomes ready in time")
def _(world, service):
    agreement.expect_ready(world)
