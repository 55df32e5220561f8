"""What customers see of a run while it happens."""

from behave import then
from hamcrest import equal_to, has_items, has_length

from support import hearing
from support.checks.problems import is_fit_for_a_customer
from support.checks.story import tells_a_complete_story
from support.held_runs import TIME_LIMIT
from support.story import overlapping_calls


@then("{viewer:User} has received the complete story of the run")
def _(context, viewer):
    run = context.world.run_of(viewer)
    shown = hearing.to_the_end(context.world, viewer.watching, run)
    context.world.expect(shown, tells_a_complete_story(of=run))


@then("{viewer:User} sees the agent start, think and use a tool while the run is still at work")
def _(context, viewer):
    run = context.world.run_of(viewer)
    for type in ("agent_started", "agent_thinking", "tool_executing", "tool_completed"):
        viewer.watching.wait_for(type, run=run, within=context.world.budgets.limit("run starts"))
    context.world.expect(context.world.platform.run(viewer, run.run_id).body["status"], equal_to("running"))


@then("the story tells of three tool calls side by side")
def _(context):
    run = context.world.last_run
    context.world.expect(overlapping_calls(run.user.watching.of(run)), has_length(3))


@then("the story tells of no tool call")
def _(context):
    run = context.world.last_run
    calls = [event for event in run.user.watching.of(run) if event.call_id]
    context.world.expect(calls, has_length(0))


@then("the story tells the parts of the cost analysis and the usage report")
def _(context):
    run = context.world.last_run
    delegates = {event.agent_name for event in run.user.watching.of(run) if event.delegated}
    context.world.expect(delegates, has_items("cost_analysis", "usage_report"))


@then("{viewer:User} is told in time that the run took too long")
def _(context, viewer):
    run = context.world.run_of(viewer)
    limit = TIME_LIMIT + context.world.budgets.limit("error after a time limit")
    started = viewer.watching.wait_for("agent_started", run=run, within=context.world.budgets.limit("run starts"))
    end = viewer.watching.wait_for_end(run, within=limit)
    context.world.expect(end.payload.get("code"), equal_to("timed_out"))
    context.world.within("error after a time limit", end.received_at - started.received_at - TIME_LIMIT)


@then("{viewer:User} is told in time that the worker was lost")
def _(context, viewer):
    end = context.world.eventually(
        lambda: [event for event in viewer.watching.of(context.world.run_of(viewer)) if event.is_end],
        has_length(1),
        "worker lost",
        "the end of the run",
    )[0]
    context.world.expect(end.payload.get("code"), equal_to("worker_lost"))


@then("the reason that {viewer:User} reads and hears is fit for a customer")
def _(context, viewer):
    run = context.world.run_of(viewer)
    told = viewer.watching.wait_for("agent_error", run=run, within=context.world.budgets.limit("run ends"))
    for reason in (context.world.ended(run)["error"]["message"], told.payload["message"], told.raw):
        context.world.expect(reason, is_fit_for_a_customer())


@then("{viewer:User} hears of the cancellation in time and of nothing after it")
def _(context, viewer):
    run = context.world.run_of(viewer)
    limit = context.world.budgets.limit("cancel takes effect")
    told = viewer.watching.wait_for("agent_cancelled", run=run, within=limit)
    context.world.within("cancel takes effect", told.received_wall - context.world.facts["cancelled at"])
    # The control: the line is alive, and a later run is heard of.
    later = context.world.running(viewer, "usage_report")
    viewer.watching.wait_for_end(later, within=context.world.budgets.limit("run ends"))
    context.world.expect(viewer.watching.of(run)[-1].type, equal_to("agent_cancelled"))


@then("the first thing {viewer:User} hears of is the next run")
def _(context, viewer):
    run = context.world.running(viewer, "usage_report")
    hearing.to_the_end(context.world, viewer.watching, run)
    first = viewer.events[0]
    context.world.expect((first.run_id, first.sequence), equal_to((run.run_id, viewer.watching.first_sequence + 1)))


@then("{viewer:Owner} connection has stayed open")
def _(context, viewer):
    context.world.expect((viewer.watching.is_open, viewer.watching.connections), equal_to((True, 1)))
