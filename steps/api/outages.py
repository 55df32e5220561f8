"""Failures are explained without showing the inside."""

from support.api import outages
from support.api.outage_matchers import are_told_as, explain_each, show_nothing_of_the_inside
from support.platform.dialect import Meaning
from support.run.sentences import then, when


@when("{customer:User} tries the doors that need it while {broken:Breakdown}")
def _(world, customer, broken):
    outages.try_doors_while(world, broken)


@when("{customer:User} looks at what has been spoilt in the database")
def _(world, customer):
    outages.look_at_the_spoilt(world, customer)


@then("each failure is told to be a passing one, under its request's number")
def _(world):
    failed = world.recall(outages.FAILED, list)
    world.expect(failed, are_told_as(Meaning.UNAVAILABLE, "unavailable"))


@then("each failure is told to be a fault of ours, under its request's number")
def _(world):
    failed = world.recall(outages.FAILED, list)
    world.expect(failed, are_told_as(Meaning.FAILED, "internal_error"))


@then("no answer shows anything of the inside")
def _(world):
    world.expect(world.recall(outages.FAILED, list), show_nothing_of_the_inside())


@then("the log has the detail of each failure under the same number")
def _(world):
    numbers = [tried.answer.request_id for tried in world.recall(outages.FAILED, list)]
    logged = [line.fields for line in outages.lines_of_failures(world)]
    world.expect(logged, explain_each(numbers))
