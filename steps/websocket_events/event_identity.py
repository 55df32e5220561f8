"""Every event can be traced to its request."""

from support.run.sentences import then
from support.scenario import received_events
from support.websocket_events.event_identity import Requests, carries


@then("every event carries these IDs of its own request")
def _(world, table):
    for run in world.runs:
        received_events.to_the_end(world, run.user.watching, run)
    for row in table:
        world.expect(world.last_run.user.watching, carries(row["ID"], world.kept(Requests).ids))
