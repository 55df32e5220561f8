"""A cost analysis answers with the customer's own savings."""

from hamcrest import equal_to, has_entries

from support.run.sentences import given, then, when
from support.scenario import agents
from support.scenario.partner import PRICES


@then("the announced answer can be read back at the first attempt")
def _(world):
    run = world.last_run
    announced = run.user.watching.wait_for("agent_completed", run=run, within=world.budgets.limit("run ends"))
    stored = world.platform.run(run.user, run.run_id).body
    world.expect(stored, has_entries(status="completed", answer=equal_to(announced.payload["answer"])))


@when("{customer:User} runs every agent")
def _(world, customer):
    for agent in agents.Agent:
        world.ended(world.running(customer, agent.wire))


@given("the partner's price list is held back")
def _(world):
    world.partner.hold(PRICES)


@then("{viewer:User} sees the agent start, think and use a tool while the run is still at work")
def _(world, viewer):
    run = world.run_of(viewer)
    for type in ("agent_started", "agent_thinking", "tool_executing", "tool_completed"):
        viewer.watching.wait_for(type, run=run, within=world.budgets.limit("run starts"))
    world.expect(world.platform.run(viewer, run.run_id).body["status"], equal_to("running"))
