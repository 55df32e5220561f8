"""Hundreds of customers can watch at once."""

from support.load import populations
from support.platform.components import Component
from support.run.sentences import given, then
from support.websocket_events import connections


@given("the backend has just restarted")
def _(world):
    world.faults.restart(Component.API)


@given("every user watches events, {stalled:User} over a stalled connection")
def _(world, stalled):
    connections.stall(world, stalled)
    populations.everybody_watches(world)


@then("each connection uses no more memory than the {budget:Budget} limit")
def _(world, budget):
    world.within(budget, world.kept(populations.ConnectionMemory).bytes, "memory of each connection")
