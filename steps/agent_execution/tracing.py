"""One trace covers everything that a request touched."""

from functools import partial

from hamcrest import equal_to

from support.agent_execution.tracing import TRACES_IN
from support.run.sentences import then


@then("the caller's trace ID, and no other, is found in")
def _(world, table):
    run = world.last_run
    for row in table:
        traces = partial(TRACES_IN[row["place"]], world, run)
        found = world.eventually(traces, bool, "records agree", row["place"])
        world.expect(found, equal_to({run.trace_id}), row["place"])
