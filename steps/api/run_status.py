"""The status of a run can be read at any time."""

from support.api.run_status import Readings, grow, move_only_forward, never_fall
from support.run.sentences import then


@then("the statuses that {customer:User} has read only move forward, to the end")
def _(world, customer):
    world.expect(world.kept(Readings).statuses, move_only_forward())


@then("the progress that {customer:User} has read has grown with each answer")
def _(world, customer):
    read = world.kept(Readings)
    world.expect(read.progress, never_fall())
    world.expect(read.after_each, grow())


@then("the progress that {customer:User} has read has never fallen")
def _(world, customer):
    world.expect(world.kept(Readings).progress, never_fall())
