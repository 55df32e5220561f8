"""How far a run has come, for those who look."""

import uuid

from behave import given, then, when
from hamcrest import has_entries

from support import progress
from support.checks.forward import go_only_forward, grows, never_falls
from support.checks.problems import is_refused_with


@given("{customer:User} has started an agent that asks the partner three times")
def _(context, customer):
    progress.asks_the_partner(context.world, customer)


@when("{customer:User} looks again and again while the partner answers one question after the other")
def _(context, customer):
    progress.look_while_answered(context.world, customer)


@when("{customer:User} asks for the state of a run that never existed")
def _(context, customer):
    context.world.outcome = context.world.platform.run(customer, str(uuid.uuid4()))


@then("the states that {customer:User} has read go only forward, to the end")
def _(context, customer):
    context.world.expect(context.world.recall(progress.READ, progress.Read).states, go_only_forward())


@then("the progress that {customer:User} has read has grown with each answer")
def _(context, customer):
    read = context.world.recall(progress.READ, progress.Read)
    context.world.expect(read.progress, never_falls())
    context.world.expect(read.marks, grows())


@then("{customer:User} is told that there is nothing")
def _(context, customer):
    context.world.expect(context.world.last_outcome, is_refused_with("not_found"))


@then("the state of {customer:Owner} own run is told")
def _(context, customer):
    run = context.world.run_of(customer)
    context.world.expect(context.world.platform.run(customer, run.run_id).body, has_entries(id=run.run_id))
