"""Customers have agents work, and runs come to their end."""

from hamcrest import equal_to, has_property

from support.agent_execution import run_tracking
from support.load import populations
from support.run.sentences import given, then, when
from support.scenario import held_runs, work
from support.scenario.partner import PRICES


@given("{customer:User} has run {work_:Work}")
@when("{customer:User} runs {work_:Work}")
def _(world, customer, work_):
    work.done(world, customer, work_)


@given("{customer:User} has started {work_:Work}")
def _(world, customer, work_):
    work.started(world, customer, work_)


@when("{customer:User} starts {work_:Work}")
def _(world, customer, work_):
    work_(world, customer)


@when("every user runs {work_:Work}")
def _(world, work_):
    populations.at_once(world.users.customers, lambda user: work.started(world, user, work_))


@given("every user has run {work_:Work} at the same time")
@when("every user runs {work_:Work} at the same time")
def _(world, work_):
    work.at_the_same_moment(world, work_)


@given("{customer:User} has a completed, a failed, a timed-out and a cancelled run")
def _(world, customer):
    run_tracking.ended_in_every_way(world, customer)


@given("{customer:User} has cancelled the run")
@when("{customer:User} cancels the run")
def _(world, customer):
    held_runs.cancel(world, world.run_of(customer))


@given("the partner takes a second to respond")
def _(world):
    world.partner.delay(PRICES, 1.0)


@then("the run is stored as {status:Status}")
def _(world, status):
    world.expect(world.ended(world.last_run).status, equal_to(status))


@then("{customer:Owner} run completes")
def _(world, customer):
    world.expect(world.ended(world.run_of(customer)).status, equal_to("completed"))


@then("{customer:User} can finish {work_:Work}")
def _(world, customer, work_):
    run = work_(world, customer)
    world.expect(world.last_outcome, has_property("done", True))
    world.expect(world.ended(run).status, equal_to("completed"))
