"""Where a request has left its trace."""

from functools import partial

from behave import then
from hamcrest import equal_to

from support.traces import LOOKING_IN


@then("{customer:Owner} trace is found in")
def _(context, customer):
    run = context.world.run_of(customer)
    for row in context.table:
        look = LOOKING_IN[row["place"]]
        found = context.world.eventually(partial(look, context.world, run), bool, "records agree", row["place"])
        context.world.expect(found, equal_to({run.trace_id}), row["place"])
