"""The events of a run are complete, in order and sent once."""

from support.run.sentences import then
from support.scenario import received_events


@then("the events show {pattern:EventPattern}")
def _(world, pattern):
    run = world.last_run
    received = received_events.to_the_end(world, run.user.watching, run)
    world.expect(received.of(run), pattern)
