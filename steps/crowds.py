"""Many customers at once."""

from behave import given, then, when
from hamcrest import equal_to, only_contains

from support import hearing, populations, watching
from support.checks.hearing import each_hears_their_own
from support.users import Plan


@given("fifty organisations of ten people with stored usage")
def _(context):
    size = populations.size(context.world)
    people = populations.organisations(context.world, size.organisations, size.people, Plan.ENTERPRISE)
    populations.with_usage(context.world, people)


@given("ten customers with stored usage")
def _(context):
    people = populations.organisations(context.world, 10, 1, Plan.MID)
    populations.with_usage(context.world, people)


@given("fifty customers")
def _(context):
    populations.organisations(context.world, populations.size(context.world).customers, 1, Plan.ENTERPRISE)


@given("the backend has just been started")
def _(context):
    context.world.faults.restart("backend")


@given("each of them watches")
@when("each of them watches")
def _(context):
    populations.connect(context.world)


@given("each of them watches, but {deaf:User} does not read")
def _(context, deaf):
    watching.watch_without_reading(context.world, deaf)
    populations.connect(context.world, except_for=[deaf])


@when("each of them runs {agent:Agent}")
def _(context, agent):
    populations.at_once(context.world.users.customers, lambda user: context.world.running(user, agent.wire))


@when("all others run {agent:Agent}")
def _(context, agent):
    populations.at_once(populations.without_runs(context.world), lambda user: context.world.running(user, agent.wire))


@when("two agents of each tell a thousand events together, as fast as they can")
def _(context):
    populations.at_once(context.world.users.customers, lambda user: populations.talk(context.world, user))


@then("each has seen the whole story of their own runs and nothing else")
def _(context):
    heard = hearing.crowd(context.world)
    context.world.expect(heard, each_hears_their_own(at_least=populations.crowd_size(context.world)))


@then("each has been told a thousand events")
def _(context):
    due = populations.size(context.world).events
    told = [len(heard.events) for heard in hearing.crowd(context.world)]
    context.world.expect(told, only_contains(equal_to(due)))


@then("each connection has cost the platform no more than the socket memory budget")
def _(context):
    context.world.within("socket memory", context.world.recall("memory of each", float), "memory of each connection")
