"""Instances of services that come and go."""

from behave import given, then, when
from hamcrest import equal_to

from support import instances


@given("two tools instances are at work")
def _(context):
    instances.two_at_work(context.world)


@when("a second tools instance is started")
def _(context):
    instances.start_second(context.world)


@when("the second tools instance crashes")
def _(context):
    context.world.stack.kill(instances.SECOND)


@when("the second tools instance is stopped in order")
def _(context):
    context.world.stack.stop(instances.SECOND)


@when("the {which:Instance} of them dies while both work on twenty jobs of {customer:User}")
def _(context, which, customer):
    instances.dies_at_work(context.world, customer, which, 20)


@when("{customer:User} has four surveys made side by side while the answers of the first are lost on their way")
def _(context, customer):
    instances.answers_lost(context.world, customer, 4)


@then("the operator finds both tools instances in time")
def _(context):
    both = equal_to([instances.FIRST, instances.SECOND])
    context.world.eventually(lambda: instances.found_by_operator(context.world), both, "instance found")


@then("the operator finds only the first tools instance in time")
def _(context):
    first = equal_to([instances.FIRST])
    context.world.eventually(lambda: instances.found_by_operator(context.world), first, "instance forgotten")


@then("the operator finds only the first tools instance at once")
def _(context):
    context.world.expect(instances.found_by_operator(context.world), equal_to([instances.FIRST]))


@then("{customer:Owner} next job is carried out by both")
def _(context, customer):
    both = equal_to({instances.FIRST, instances.SECOND})
    context.world.eventually(lambda: instances.carrying_out_next(context.world, customer), both, "instance found")


@then("{customer:Owner} next job is carried out by the first alone")
def _(context, customer):
    context.world.expect(instances.carrying_out_next(context.world, customer), equal_to({instances.FIRST}))


@then("no other service was restarted")
def _(context):
    before = context.world.recall("processes", dict)
    context.world.expect(instances.processes(context.world), equal_to(before))
