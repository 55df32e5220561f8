"""Hundreds of customers can watch at once."""

from support.load import populations
from support.run.sentences import given, then, when
from support.scenario import work
from support.websocket_events import connections


@given("the backend has just been started")
def _(world):
    world.faults.restart("backend")


@given("each of them watches, but {deaf:User} does not read")
def _(world, deaf):
    connections.watch_without_reading(world, deaf)
    populations.connect(world, except_for=[deaf])


@when("every customer runs {work_:Work}")
def _(world, work_):
    populations.at_once(world.users.customers, lambda user: work.started(world, user, work_))


@when("all others run {work_:Work}")
def _(world, work_):
    populations.at_once(populations.without_runs(world), lambda user: work.started(world, user, work_))


@then("each connection has cost the platform no more than the socket memory budget")
def _(world):
    world.within("socket memory", world.recall("memory of each", float), "memory of each connection")


@given("{viewer:User} watches, but does not read")
def _(world, viewer):
    connections.watch_without_reading(world, viewer)


@given("more has been sent to {viewer:User} than the line holds")
@when("more is sent to {viewer:User} than the line holds")
def _(world, viewer):
    connections.flood(world, viewer)
