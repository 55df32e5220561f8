"""What an agent worked out is kept exactly."""

from hamcrest import equal_to, has_length

from support.business_data import agent_state
from support.run.sentences import then, when


@when("{customer:User} runs an agent that leaves a rich state")
def _(world, customer):
    state = world.facts["state"] = agent_state.rich(customer.tenant.marker)
    world.ended(world.running(customer, agent_state.KEEPER, input=agent_state.keeping(state)))


@when("{customer:User} runs an agent that leaves a megabyte of text")
def _(world, customer):
    state = world.facts["state"] = agent_state.large(customer.tenant.marker)
    world.ended(world.running(customer, agent_state.KEEPER, input=agent_state.keeping(state)))


@then("the state reads back exactly as the agent left it")
def _(world):
    stored = world.ended(world.last_run)
    state = world.recall("state", dict)
    world.expect((stored.get("answer") or {}).get("kept"), equal_to(state))
    world.expect(stored.get("input"), equal_to(agent_state.keeping(state)))


@then("it reads the same in the conversation")
def _(world):
    run = world.last_run
    messages = world.platform.messages(run.user, run.thread_id).require()["items"]
    told = [(message["data"] or {}).get("kept") for message in messages if message["role"] == "assistant"]
    world.expect(told, has_length(1))
    world.expect(told, equal_to([world.recall("state", dict)]))
