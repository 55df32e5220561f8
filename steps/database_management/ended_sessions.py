"""Ended sessions leave nothing behind."""

from support.database_management import ended_sessions
from support.run.sentences import when


@when("many sessions of {customer:User} end {ending:SessionEnding}")
def _(world, customer, ending):
    ended_sessions.end_many(world, customer, ending)
