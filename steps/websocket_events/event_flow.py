"""A connected customer receives every step of a run."""

from hamcrest import has_items

from support.matchers.contract import keep_to_the_contract
from support.platform.contract import schemas_of_frames
from support.run.sentences import then


@then("{viewer:User} has received these events")
def _(world, viewer, table):
    expected = [row["event"].replace(" ", "_") for row in table]
    world.eventually(
        lambda: [event.type for event in viewer.events], has_items(*expected), "story complete", "types of events"
    )


@then("every message that {viewer:User} has received conforms to the published event reference")
def _(world, viewer):
    world.expect(viewer.watching.raw, keep_to_the_contract(schemas_of_frames()))
