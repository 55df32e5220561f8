"""A job is on record once, with everybody who worked on it."""

from hamcrest import greater_than

from support.run.sentences import then, when
from support.stores import job_records


@when("{customer:User} runs a usage report, and the first receipts for its record are lost")
def _(world, customer):
    world.facts["deliveries"] = job_records.delivered_again(world, customer)


@then("the record was delivered more than once")
def _(world):
    world.expect(world.recall("deliveries", int), greater_than(1))
