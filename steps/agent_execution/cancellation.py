"""A cancelled run really stops."""

from functools import partial

from hamcrest import equal_to, has_properties

from support.agent_execution import cancellation, run_tracking
from support.agent_execution.cancellation import CancelAttempts
from support.matchers.problems import is_indistinguishable_from
from support.run.sentences import then, when
from support.scenario import received_events
from support.scenario.held_runs import Cancellations


@when("{others:Users} try to cancel {customer:Owner} run before the partner responds")
def _(world, others, customer):
    world.keep(cancellation.attempt(world, others, world.run_of(customer)))


@when("{customer:User} cancels eight cost analyses, four at a time, while the cloud does not respond")
def _(world, customer):
    cancellation.cancel_in_the_cloud(world, customer, rounds=2, each=4)


@then("every response is as if the run had never existed")
def _(world):
    for attempt in world.kept(CancelAttempts).attempts:
        world.expect(attempt.response, is_indistinguishable_from(attempt.to_unknown_run))


@then("the run's request to the partner is aborted in time")
def _(world):
    aborted_at = cancellation.aborted_at(world, world.last_run)
    world.within("cancel takes effect", aborted_at - world.kept(Cancellations).sent[-1].sent_at)


@then("{viewer:User} receives the cancellation in time, as the last event of the run")
def _(world, viewer):
    run = world.run_of(viewer)
    limit = world.budgets.limit("cancel takes effect")
    cancelled = viewer.watching.wait_for("agent_cancelled", run=run, within=limit)
    world.within("cancel takes effect", cancelled.received_wall - world.kept(Cancellations).sent[-1].sent_at)
    # The control: the connection is alive, and the events of a later run arrive.
    received_events.to_the_end(world, viewer.watching, world.running(viewer, "usage_report"))
    world.expect(viewer.watching.of(run)[-1].type, equal_to("agent_cancelled"))


@then("the operator sees {customer:Owner} run as {status:Status}")
def _(world, customer, status):
    run = world.run_of(customer)
    seen = partial(run_tracking.tracked_run, world, run)
    world.eventually(seen, has_properties(status=status), "cancel takes effect", "the run as the operator sees it")


@then("the other run of the conversation completes")
def _(world):
    other = cancellation.let_the_other_go_on(world, world.last_run)
    world.expect(world.ended(other).status, equal_to("completed"))


@then("the second cancellation is accepted like the first")
def _(world):
    first, second = world.kept(Cancellations).sent
    world.expect(second.outcome, cancellation.is_accepted_like(first.outcome))
