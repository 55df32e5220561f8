"""The events of a run are complete, in order and sent once."""

from support.agent_execution import complete_stories
from support.run.sentences import then, when
from support.scenario import received_events


@when("the partner responds while the event stream cannot be reached")
def _(world):
    complete_stories.answer_without_stream(world, world.last_run)


@then("the events show {pattern:EventPattern}")
def _(world, pattern):
    run = world.last_run
    received = received_events.to_the_end(world, run.user.watching, run)
    world.expect(received.of(run), pattern)
