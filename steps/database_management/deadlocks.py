"""Deadlocks are resolved."""

from support.database_management import deadlocks
from support.database_management.deadlocks import Moves
from support.matchers.faultless import is_just
from support.matchers.outcomes import all_succeed
from support.run.sentences import then, when


@when("a deadlock aborts {customer:Owner} {deadlock:Deadlock}")
def _(world, customer, deadlock):
    world.outcome = deadlocks.abort(world, customer, deadlock)


@when("{customer:User} moves the messages of each conversation to the other at the same time")
def _(world, customer):
    world.keep(deadlocks.move_both_ways(world, customer))


@then("both moves succeed")
def _(world):
    world.expect(world.kept(Moves).outcomes, all_succeed())


@then("each conversation has the messages of the other")
def _(world):
    moves = world.kept(Moves)
    world.expect(deadlocks.messages_now(world, moves), is_just(moves.expected))
