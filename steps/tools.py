"""Agents use tools in a customer's name: what is done, and for whom."""

from behave import then, when
from hamcrest import equal_to, has_length

from support import agents, signing_in, tool_calls, tool_work
from support.checks.tools import hides, is_one_call_refused_with

# -- what is done -----------------------------------------------------------------------------------------------------


@when("{customer:User} has an agent {task:Task} {count:Count} of the servers")
def _(context, customer, task, count):
    tool_work.has_done(context.world, customer, task, count)


@when("{customers:Users} each have an agent {task:Task} {count:Count} of their servers at once")
def _(context, customers, task, count):
    tool_work.have_done_at_once(context.world, customers, task, count)


@when("{customers:Users} each have an agent list their servers at once")
def _(context, customers):
    tool_work.have_listed_at_once(context.world, customers)
    context.world.facts["customers"] = customers


@when("{customer:User} has an agent read the price of a larger server")
def _(context, customer):
    tool_work.read_a_price(context.world, customer)


@when("{customer:User} has an agent stop a server of {other:Owner}, and then one of their own")
def _(context, customer, other):
    tool_work.reach_out(context.world, customer, other)


@then("{customer:Owner} cloud account shows it done to these servers and to no others")
@then("each cloud account shows it done to its own servers and to no others")
def _(context, customer=None):
    for assignment in tool_work.assignments(context.world):
        context.world.expect(tool_work.as_they_are(context.world, assignment), equal_to(assignment.after()))


@then("the result tells it as the cloud account shows it")
@then("each result tells it as the customer's own cloud account shows it")
def _(context):
    for assignment in tool_work.assignments(context.world):
        told = tool_work.in_order(tool_calls.results(context.world, assignment.customer))
        context.world.expect(told, equal_to(tool_work.result_due(context.world, assignment)))


@then("the result has that price as the partner lists it, and no other")
def _(context):
    told = tool_calls.results(context.world, context.world.last_run.user)
    context.world.expect(told, equal_to([tool_work.price_due(context.world)]))


@then("each list names the customer's own servers and no others")
def _(context):
    for customer in context.world.recall("customers", list):
        own = tool_work.owned(context.world, customer)
        context.world.expect(tool_work.listed(context.world, customer), equal_to(own))


@then("{customer:Owner} servers are as they were")
def _(context, customer):
    assignment = context.world.recall(tool_work.ASSIGNMENTS, dict)[customer.alias]
    context.world.expect(tool_work.as_they_are(context.world, assignment), equal_to(assignment.before))


@then("{customer:Owner} agent has stopped the second server and is told that there is no first")
def _(context, customer):
    assignment = context.world.recall(tool_work.ASSIGNMENTS, dict)[customer.alias]
    context.world.expect(tool_work.as_they_are(context.world, assignment), equal_to(assignment.after()))
    told = tool_calls.results(context.world, customer)
    context.world.expect(told, equal_to([None, *tool_work.result_due(context.world, assignment)]))


# -- what is shown of it ----------------------------------------------------------------------------------------------


@when("{customer:User} has an agent sign in at the partner")
def _(context, customer):
    signing_in.sign_in(context.world, customer)


@when("{customer:User} has an agent use a tool that does not exist")
def _(context, customer):
    missing = agents.call("read_tea_leaves", cup="the first")
    context.world.ended(context.world.running(customer, agents.PROBE, input=agents.calling(missing)))


@then("each tool call on record was shown to {viewer:User} once at its beginning and once at its end")
def _(context, viewer):
    due = tool_calls.each_once(context.world, context.world.run_of(viewer))
    context.world.expect(tool_calls.shown_of(context.world, viewer), equal_to(due))


@then("the tools at work were shown to {caller:User} and to nobody else")
def _(context, caller):
    due = tool_calls.each_once(context.world, context.world.run_of(caller))
    context.world.expect(tool_calls.shown_of(context.world, caller), equal_to(due))
    context.world.expect(tool_calls.calls_shown_to_others(context.world, caller), has_length(0))


@then("the partner was given every secret that it asked for")
def _(context):
    given = context.world.recall(signing_in.SIGNED_IN, signing_in.SignIn).given
    context.world.expect([secret in signing_in.at_partner(context.world) for secret in given], equal_to([True] * 3))


@then("{viewer:User} was shown the call without any secret")
def _(context, viewer):
    done = context.world.recall(signing_in.SIGNED_IN, signing_in.SignIn)
    context.world.expect(signing_in.shown(context.world), hides(done.secrets, shows=done.harmless))


@then("no secret was written down")
def _(context):
    done, run = context.world.recall(signing_in.SIGNED_IN, signing_in.SignIn), context.world.last_run
    control = [run.run_id, *signing_in.KEPT, *done.harmless]
    context.world.expect(signing_in.written_down(context.world), hides(done.secrets, shows=control))


@then("{viewer:User} was shown one call, refused because there is no such tool")
def _(context, viewer):
    context.world.expect(tool_calls.ends_of_calls(context.world, viewer), is_one_call_refused_with("unknown_tool"))
