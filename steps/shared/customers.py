"""Sentences of several features: customers."""

from support.cloud.savings import idle
from support.run.sentences import given
from support.scenario import planting
from support.scenario.users import Role


@given("{customer:User} is {plan:Plan} customer")
def _(world, customer, plan):
    world.users.settle(customer, plan)


@given("{customer:User} is {plan:Plan} customer with servers in the cloud")
def _(world, customer, plan):
    world.users.settle(customer, plan)
    planting.own_cloud(world, customer.tenant)


@given("{customer:User} is {plan:Plan} customer with {count:Count} idle servers in the cloud")
def _(world, customer, plan, count):
    world.users.settle(customer, plan)
    planting.own_cloud(world, customer.tenant, [idle(count)])


@given("{customer:User} is {plan:Plan} customer with stored usage")
def _(world, customer, plan):
    world.users.settle(customer, plan)
    planting.usage(world, customer.tenant)


@given("{colleague:User} is a colleague")
def _(world, colleague):
    world.users.settle(colleague, role=Role.MEMBER)


@given("ten customers with servers in the cloud")
def _(world):
    for customer in world.users.crowd(10):
        planting.own_cloud(world, customer.tenant)


@given("{viewer:User} watches")
def _(world, viewer):
    world.watch(world.users.settle(viewer))


@given("{customer:User} has stored usage")
def _(world, customer):
    planting.usage(world, customer.tenant)


@given("all of them watch")
def _(world):
    for customer in list(world.users):
        world.watch(customer)
