"""Lines that break, go dead or are slow, and customers who come back."""

from itertools import pairwise

from behave import given, then, when
from hamcrest import equal_to, greater_than, greater_than_or_equal_to, has_length, is_not

from support import hearing, watching
from support.checks.story import has_no_gap, tells_a_complete_story


@given("{viewer:User} watches a running cost analysis")
def _(context, viewer):
    watching.running_analysis(context.world, viewer)


@given("{viewer:User} watches over a {bad:BadLine} line")
def _(context, viewer, bad):
    watching.over_a_bad_line(context.world, viewer, bad)


@given("{viewer:User} watched and has left")
def _(context, viewer):
    context.world.watch(viewer)
    watching.leave(context.world, viewer)


@given("more has happened since than the platform keeps")
def _(context):
    watching.more_than_kept(context.world, next(iter(context.world.users)))


@given("{viewer:User} has left, the event store has lost its data and as much has happened again")
def _(context, viewer):
    watching.lose_data_while_away(context.world, viewer)


@given("{viewer:User} watches, but does not read")
def _(context, viewer):
    watching.watch_without_reading(context.world, viewer)


@given("more has been sent to {viewer:User} than the line holds")
@when("more is sent to {viewer:User} than the line holds")
def _(context, viewer):
    watching.flood(context.world, viewer)


@when("{viewer:Owner} connection is reset, the run ends and {again:User} reconnects")
def _(context, viewer, again):
    watching.reset_and_return(context.world, viewer)


@when("{viewer:Owner} line goes dead after its heartbeat was heard")
def _(context, viewer):
    watching.go_dead(context.world, viewer)


@given("{viewer:Owner} line has gone dead and the run has ended")
def _(context, viewer):
    watching.lose_line(context.world, viewer)


@when("{viewer:User} reconnects over a line that works")
def _(context, viewer):
    watching.heal(context.world, viewer)


@when("{viewer:User} reconnects")
def _(context, viewer):
    watching.return_to(context.world, viewer)


@when("the event store crashes and comes back empty")
def _(context):
    context.world.breaks_stories("the event store loses its data")
    context.world.faults.lose_data()


@then("{viewer:User} notices in time that the line is dead")
def _(context, viewer):
    heard = viewer.watching.heartbeats
    context.world.expect(heard, has_length(greater_than_or_equal_to(2)), "heartbeats while the line was well")
    silence = 2 * max(later - earlier for earlier, later in pairwise(heard))
    context.world.eventually(lambda: viewer.watching.silent_for, greater_than(silence), "dead line noticed")


@then("the platform gives the dead connection up in time")
def _(context):
    dead = context.world.recall("dead line", watching.DeadLine)
    took = watching.given_up_after(context.world, dead)
    context.world.within("dead connection given up", took, "from the loss of the line until it is given up")


@then("{viewer:User} is told once that something was missed")
def _(context, viewer):
    capture = viewer.watching
    told = context.world.eventually(lambda: watching.resyncs(capture), has_length(1), "reconnect", "the word of a gap")
    context.world.expect(told[0].epoch, is_not(equal_to(capture.controls[0].epoch)), "the stream's epoch")
    watching.return_to(context.world, viewer)
    # Whatever is told at the opening comes before the next event.
    hearing.to_the_end(context.world, capture, context.world.running(viewer, "usage_report"))
    context.world.expect(watching.resyncs(capture), has_length(1), "told after reconnecting once more")


@then("{customer:Owner} next run is shown without a gap")
def _(context, customer):
    capture, run = customer.watching, context.world.running(customer, "usage_report")
    after = capture.controls[-1].sequence
    hearing.to_the_end(context.world, capture, run)
    context.world.expect(capture, tells_a_complete_story(of=run))
    newest = [event for event in capture.events if event.connection == capture.connections]
    context.world.expect(newest, has_no_gap(after=after))
