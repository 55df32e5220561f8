"""Services find each other."""

from hamcrest import equal_to

from support.run.sentences import then, when
from support.service_coordination import instances


@when("a second tools instance is started")
def _(world):
    instances.start_second(world)


@when("the second tools instance crashes")
def _(world):
    world.stack.kill(instances.SECOND)


@when("the second tools instance is stopped in order")
def _(world):
    world.stack.stop(instances.SECOND)


@then("the operator finds both tools instances in time")
def _(world):
    both = equal_to([instances.FIRST, instances.SECOND])
    world.eventually(lambda: instances.found_by_operator(world), both, "instance found")


@then("the operator finds only the first tools instance in time")
def _(world):
    first = equal_to([instances.FIRST])
    world.eventually(lambda: instances.found_by_operator(world), first, "instance forgotten")


@then("the operator finds only the first tools instance at once")
def _(world):
    world.expect(instances.found_by_operator(world), equal_to([instances.FIRST]))


@then("{customer:Owner} next job is carried out by both")
def _(world, customer):
    both = equal_to({instances.FIRST, instances.SECOND})
    world.eventually(lambda: instances.carrying_out_next(world, customer), both, "instance found")


@then("{customer:Owner} next job is carried out by the first alone")
def _(world, customer):
    world.expect(instances.carrying_out_next(world, customer), equal_to({instances.FIRST}))


@then("no other service was restarted")
def _(world):
    before = world.recall("processes", dict)
    world.expect(instances.processes(world), equal_to(before))
