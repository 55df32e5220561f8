"""What breaks, and what the partner sees of it."""

from behave import then, when
from hamcrest import empty, equal_to, has_length, not_none

from support import agents, operators_view, services
from support.partner import PRICES, own_path


@when("the backend crashes and is started again")
def _(context):
    context.world.facts["run before"] = context.world.stored(context.world.last_run)
    context.world.faults.restart("backend")


@when("the worker of the run dies")
def _(context):
    worker = operators_view.worker_of(context.world, context.world.last_run)
    context.world.breaks_stories("the worker dies in the middle of a tool call")
    context.world.faults.lose(worker)


@when("the worker of the run is told to stop, and the partner answers a while later")
def _(context):
    run = context.world.last_run
    context.world.faults.tell_to_stop(operators_view.worker_of(context.world, run))
    # Long enough for a worker that leaves its runs behind to be gone.
    context.world.holds_while(
        lambda: context.world.stored(run)["status"], equal_to("running"), 1.0, "the run is in hand while it stops"
    )
    context.world.partner.release(own_path(run.user))


@then("every service is ready")
def _(context):
    context.world.expect(services.unready(context.world), empty())


@then("the partner sees that nobody waits for its answer any more")
def _(context):
    path = own_path(context.world.last_run.user)
    withdrawn = context.world.eventually(
        lambda: context.world.partner.calls(path)[-1].closed_by_client_at, not_none(), "cancel takes effect"
    )
    context.world.within("cancel takes effect", withdrawn - context.world.facts["cancelled at"])


@then("the partner was asked once")
def _(context):
    run = context.world.last_run
    # The control: a run that was asked for later has asked the partner, so a copy of the lost one would have, too.
    context.world.ended(context.world.running(run.user, agents.PROBE, input=agents.fetching(PRICES)))
    context.world.expect(context.world.partner.calls(own_path(run.user)), has_length(1))
