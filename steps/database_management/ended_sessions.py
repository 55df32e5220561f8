"""Ended sessions leave nothing behind."""

from support.database_management import ended_sessions
from support.matchers.outcomes import all_succeed
from support.run.sentences import then, when


@when("many sessions of {customer:User} end {ending:SessionEnding}")
def _(world, customer, ending):
    ended_sessions.end_many(world, customer, ending)


@then("every database connection of the API can be used again by {customer:User}")
def _(world, customer):
    world.expect(ended_sessions.use_whole_pool(world, customer), all_succeed())
