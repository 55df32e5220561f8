"""Events of all services arrive as one story."""

from hamcrest import equal_to

from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.service_coordination import event_order


@then("each progress report came after the start and before the end of its tool call")
def _(world):
    run = world.last_run
    events = run.user.watching.of(run)
    world.expect(events, event_order.are_in_causal_order(world.partner.all_calls()))


@when("the operator sends three notices while the event stream is unreachable")
def _(world):
    world.keep(event_order.notices_during_an_outage(world, 3))


@then("{viewer:User} receives the three notices in the order in which they were sent")
def _(world, viewer):
    ids = world.kept(event_order.Notices).ids
    world.eventually(
        lambda: event_order.notices_of(viewer.watching.events), is_just(ids), "notice delivery", "the notices"
    )


@then("{viewer:User} has received no progress report after a later one")
def _(world, viewer):
    world.expect(event_order.progress_to_the_end(world, viewer), event_order.is_in_order())


@then("{viewer:User} receives the first of two progress reports while the run is still running")
def _(world, viewer):
    run = world.run_of(viewer)
    world.eventually(
        lambda: event_order.progress(viewer.watching.of(run)), is_just([(1, 2)]), "progress shown", "the progress"
    )
    world.expect(world.stored(run).status, equal_to("running"))
