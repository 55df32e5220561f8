"""What breaks, and what the partner sees of it."""

from behave import then, when
from hamcrest import equal_to, has_length, not_none, only_contains

from support import situations


@when("the backend crashes and is started again")
def _(context):
    context.world.facts["run before"] = situations.stored(context.world, context.world.last_run)
    context.world.faults.restart("backend")


@when("the worker of the run dies")
def _(context):
    worker = situations.worker_of(context.world, context.world.last_run)
    context.world.breaks_stories("the worker dies in the middle of a tool call")
    context.world.faults.lose(worker)


@then("every service is ready")
def _(context):
    states = [service.state for service in context.world.stack.services()]
    context.world.expect(states, only_contains(equal_to("ready")))


@then("the partner sees that nobody waits for its answer any more")
def _(context):
    path = situations.waiting_place(context.world.last_run.user)
    context.world.eventually(
        lambda: context.world.partner.calls(path)[-1].closed_by_client_at, not_none(), "cancel takes effect"
    )


@then("the partner was asked once")
def _(context):
    path = situations.waiting_place(context.world.last_run.user)
    context.world.expect(context.world.partner.calls(path), has_length(1))
