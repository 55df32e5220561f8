"""A connected customer sees the complete flow of a run."""

from hamcrest import has_items

from support.matchers.contract import keep_to_the_contract
from support.platform.contract import schemas_of_frames
from support.run.sentences import then


@then("{viewer:User} has received these events")
def _(world, viewer, table):
    due = [row["event"].replace(" ", "_") for row in table]
    seen = world.eventually(
        lambda: [event.type for event in viewer.events], has_items(*due), "story complete", "the kinds of events"
    )
    world.expect(seen, has_items(*due))


@then("everything that {viewer:User} has received keeps to the published contract")
def _(world, viewer):
    world.expect(viewer.watching.raw, keep_to_the_contract(schemas_of_frames()))
