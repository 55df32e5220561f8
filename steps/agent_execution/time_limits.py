"""A hanging run is ended at its time limit."""

from hamcrest import equal_to

from support.run.sentences import then
from support.scenario.held_runs import TIME_LIMIT


@then("{viewer:User} is notified in time that the run took too long")
def _(world, viewer):
    run = world.run_of(viewer)
    started = viewer.watching.wait_for("agent_started", run=run, within=world.budgets.limit("run starts"))
    # Longer than is promised: who reads of a late end wants to know how late it was.
    patience = TIME_LIMIT + 3 * world.budgets.limit("error after a time limit")
    end = viewer.watching.wait_for_end(run, within=patience)
    world.expect(end.payload.get("code"), equal_to("timed_out"))
    world.within("error after a time limit", end.received_at - started.received_at - TIME_LIMIT)


@then("{customer:Owner} run completes in time")
def _(world, customer):
    run = world.run_of(customer)
    world.eventually(lambda: world.stored(run).status, equal_to("completed"), "run behind hanging runs")
