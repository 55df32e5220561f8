"""The state of a run can be asked at any time."""

import uuid

from hamcrest import has_entries

from support.api import run_status
from support.api.run_status_matchers import go_only_forward, grows, never_falls
from support.matchers.problems import is_refused_with
from support.run.sentences import given, then, when


@given("{customer:User} has started an agent that asks the partner three times")
def _(world, customer):
    run_status.asks_the_partner(world, customer)


@when("{customer:User} looks again and again while the partner answers one question after the other")
def _(world, customer):
    run_status.look_while_answered(world, customer)


@when("{customer:User} asks for the state of a run that never existed")
def _(world, customer):
    world.outcome = world.platform.run(customer, str(uuid.uuid4()))


@then("the states that {customer:User} has read go only forward, to the end")
def _(world, customer):
    world.expect(world.recall(run_status.READ, run_status.Read).states, go_only_forward())


@then("the progress that {customer:User} has read has grown with each answer")
def _(world, customer):
    read = world.recall(run_status.READ, run_status.Read)
    world.expect(read.progress, never_falls())
    world.expect(read.marks, grows())


@then("{customer:User} is told that there is nothing")
def _(world, customer):
    world.expect(world.last_outcome, is_refused_with("not_found"))


@then("the state of {customer:Owner} own run is told")
def _(world, customer):
    run = world.run_of(customer)
    world.expect(world.platform.run(customer, run.run_id).body, has_entries(id=run.run_id))
