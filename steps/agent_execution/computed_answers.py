"""A cost analysis finds the customer's own savings."""

from hamcrest import equal_to

from support.matchers.faultless import is_just
from support.run.sentences import then


@then("{viewer:User} receives these events while the run is still running")
def _(world, viewer, table):
    run = world.run_of(viewer)
    for row in table:
        type = row["event"].replace(" ", "_")
        viewer.watching.wait_for(type, run=run, within=world.budgets.limit("run starts"))
    world.expect(world.stored(run).status, equal_to("running"))


@then("{viewer:User} reads the announced answer at the first attempt")
def _(world, viewer):
    run = world.run_of(viewer)
    announced = viewer.watching.wait_for("agent_completed", run=run, within=world.budgets.limit("run ends"))
    stored = world.stored(run)
    world.expect((stored.status, stored.result), is_just(("completed", announced.payload["answer"])))
