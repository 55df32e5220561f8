"""Hundreds of customers can watch at once."""

from support.load import populations
from support.run.sentences import given, then, when
from support.scenario import watching
from support.scenario.users import Plan


@given("fifty organisations of ten people with stored usage")
def _(world):
    size = populations.size(world)
    people = populations.organisations(world, size.organisations, size.people, Plan.ENTERPRISE)
    populations.with_usage(world, people)


@given("ten customers with stored usage")
def _(world):
    people = populations.organisations(world, 10, 1, Plan.MID)
    populations.with_usage(world, people)


@given("the backend has just been started")
def _(world):
    world.faults.restart("backend")


@given("each of them watches, but {deaf:User} does not read")
def _(world, deaf):
    watching.watch_without_reading(world, deaf)
    populations.connect(world, except_for=[deaf])


@when("each of them runs {agent:Agent}")
def _(world, agent):
    populations.at_once(world.users.customers, lambda user: world.running(user, agent.wire))


@when("all others run {agent:Agent}")
def _(world, agent):
    populations.at_once(populations.without_runs(world), lambda user: world.running(user, agent.wire))


@then("each connection has cost the platform no more than the socket memory budget")
def _(world):
    world.within("socket memory", world.recall("memory of each", float), "memory of each connection")


@given("{viewer:User} watches, but does not read")
def _(world, viewer):
    watching.watch_without_reading(world, viewer)


@given("more has been sent to {viewer:User} than the line holds")
@when("more is sent to {viewer:User} than the line holds")
def _(world, viewer):
    watching.flood(world, viewer)
