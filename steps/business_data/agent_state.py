"""Agents' results are stored exactly."""

from hamcrest import equal_to

from support.business_data import agent_state
from support.business_data.agent_state import AgentState
from support.matchers.faultless import is_just
from support.run.sentences import then


@then("the stored result equals what the agent returned")
def _(world):
    state, stored = world.kept(AgentState), world.ended(world.last_run)
    world.expect(stored.status, equal_to("completed"), str(stored.error))
    world.expect(stored.part("kept"), is_just(state.value))
    world.expect(stored.request.input, is_just(state.as_input))


@then("the conversation shows what the agent returned")
def _(world):
    world.expect(agent_state.in_conversation(world, world.last_run), is_just([world.kept(AgentState).value]))
