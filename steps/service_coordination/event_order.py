"""What several services have to tell comes as one story."""

from hamcrest import equal_to

from support.run.sentences import then, when
from support.service_coordination import research
from support.service_coordination.event_order_matchers import are_told_between_cause_and_effect


@when("{customer:User} has three things surveyed by a tool that reports on each")
def _(world, customer):
    research.made(world, customer, 1, 3)


@when("{customer:User} has two surveys of three things made side by side")
def _(world, customer):
    research.made(world, customer, 2, 3)


@when("{customer:User} has two things surveyed, of which the partner holds back the second")
def _(world, customer):
    research.held_at_the_second(world, customer)


@then("each report was told after what led to it and before what followed from it")
def _(world):
    run = world.last_run
    told = run.user.watching.of(run)
    world.expect(told, are_told_between_cause_and_effect(world.partner.all_calls()))


@then("{viewer:User} is told that one of the two is done while the run is still at work")
def _(world, viewer):
    run = world.run_of(viewer)
    world.eventually(
        lambda: research.reports(viewer.watching.of(run)), equal_to([(1, 2)]), "progress shown", "the tool's report"
    )
    world.expect(world.stored(run)["status"], equal_to("running"))
