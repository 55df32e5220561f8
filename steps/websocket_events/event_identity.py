"""Every event can be traced to its request."""

from support.run.sentences import then, when
from support.scenario import received_events
from support.websocket_events import event_identity
from support.websocket_events.event_identity_matchers import carry


@when("{customer:User} runs {agent:Agent} in each of two threads, one after the other")
def _(world, customer, agent):
    event_identity.in_two_threads(world, customer, agent, side_by_side=False)


@when("{customer:User} runs {agent:Agent} in each of two threads, side by side")
def _(world, customer, agent):
    event_identity.in_two_threads(world, customer, agent, side_by_side=True)


@then("every event names these as its own request did")
def _(world, table):
    for run in world.runs:
        received_events.to_the_end(world, run.user.watching, run)
    for row in table:
        asked = world.recall("asked", list)
        world.expect(world.last_run.user.watching, carry(row["identity"], asked))
