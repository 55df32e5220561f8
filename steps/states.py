"""What agents leave behind, and how it reads."""

from behave import then, when
from hamcrest import equal_to, has_length

from support import states


@when("{customer:User} runs an agent that leaves a rich state")
def _(context, customer):
    state = context.world.facts["state"] = states.rich(customer.tenant.marker)
    context.world.ended(context.world.running(customer, states.KEEPER, input=states.keeping(state)))


@when("{customer:User} runs an agent that leaves a megabyte of text")
def _(context, customer):
    state = context.world.facts["state"] = states.large(customer.tenant.marker)
    context.world.ended(context.world.running(customer, states.KEEPER, input=states.keeping(state)))


@then("the state reads back exactly as the agent left it")
def _(context):
    stored = context.world.ended(context.world.last_run)
    state = context.world.recall("state", dict)
    context.world.expect((stored.get("answer") or {}).get("kept"), equal_to(state))
    context.world.expect(stored.get("input"), equal_to(states.keeping(state)))


@then("it reads the same in the conversation")
def _(context):
    run = context.world.last_run
    messages = context.world.platform.messages(run.user, run.thread_id).require()["items"]
    told = [(message["data"] or {}).get("kept") for message in messages if message["role"] == "assistant"]
    context.world.expect(told, has_length(1))
    context.world.expect(told, equal_to([context.world.recall("state", dict)]))
