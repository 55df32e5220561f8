"""A connected customer receives every step of a run."""

from hamcrest import equal_to, has_items

from support.matchers.contract import keep_to_the_contract
from support.platform.contract import schemas_of_frames
from support.run.sentences import then
from support.scenario import received_events


@then("{viewer:User} has received these events")
def _(world, viewer, table):
    expected = [row["event"].replace(" ", "_") for row in table]
    world.eventually(
        lambda: [event.type for event in viewer.events], has_items(*expected), "story complete", "types of events"
    )


@then("every message that {viewer:User} has received conforms to the published event reference")
def _(world, viewer):
    schemas = schemas_of_frames(world.target.contract)
    world.expect(viewer.watching.raw, keep_to_the_contract(schemas, world.platform.dialect))


@then("no event that {viewer:User} has received exceeds the {budget:Budget}")
def _(world, viewer, budget):
    shown = received_events.to_the_end(world, viewer.watching, world.run_of(viewer))
    world.within(budget, max(len(event.raw.encode()) for event in shown.events), "the largest event")


@then("{viewer:User} can read the complete result at the address in the last event")
def _(world, viewer):
    run = world.run_of(viewer)
    reference = str(viewer.watching.of(run)[-1].payload.get("reference"))
    answer = world.platform.request(viewer, "GET", reference)
    world.expect(answer.body, equal_to(world.ended(run).raw), str(answer)[:200])
