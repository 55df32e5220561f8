"""A crash inside an agent stays inside its run."""

from hamcrest import empty, equal_to, has_entries

from support.run.sentences import then, when
from support.scenario import agents, services


@then("every service is ready")
def _(world):
    world.expect(services.unready(world), empty())


@when("{customer:User} runs an agent that crashes while {other:User} runs {agent:Agent}")
def _(world, customer, other, agent):
    beside = world.running(other, agent.wire)
    world.ended(world.running(customer, agents.PROBE, input=agents.crashing()))
    world.ended(beside)


@when("{customer:User} runs an agent that tries to end the process")
def _(world, customer):
    world.ended(world.running(customer, agents.PROBE, input=agents.exiting()))


@then("{customer:Owner} run failed because of the agent")
def _(world, customer):
    stored = world.ended(world.run_of(customer))
    world.expect(stored, has_entries(status=equal_to("failed"), error=has_entries(code="agent_failed")))
