"""Who takes part, and what they own."""

from behave import given

from support import planting
from support.savings import idle
from support.users import Role


@given("{customer:User} is {plan:Plan} customer")
def _(context, customer, plan):
    context.world.users.settle(customer, plan)


@given("{customer:User} is {plan:Plan} customer with servers in the cloud")
def _(context, customer, plan):
    context.world.users.settle(customer, plan)
    planting.own_cloud(context.world, customer.tenant)


@given("{customer:User} is {plan:Plan} customer with {count:Count} idle servers in the cloud")
def _(context, customer, plan, count):
    context.world.users.settle(customer, plan)
    planting.own_cloud(context.world, customer.tenant, [idle(count)])


@given("{customer:User} is {plan:Plan} customer with stored usage")
def _(context, customer, plan):
    context.world.users.settle(customer, plan)
    planting.usage(context.world, customer.tenant)


@given("{colleague:User} is a colleague")
def _(context, colleague):
    context.world.users.settle(colleague, role=Role.MEMBER)


@given("ten customers with servers in the cloud")
def _(context):
    for customer in context.world.users.crowd(10):
        planting.own_cloud(context.world, customer.tenant)


@given("{viewer:User} watches")
def _(context, viewer):
    context.world.watch(context.world.users.settle(viewer))


@given("{customer:User} has stored usage")
def _(context, customer):
    planting.usage(context.world, customer.tenant)


@given("{customer:User} is {plan:Plan} customer with {count:Count} servers in the cloud")
def _(context, customer, plan, count):
    context.world.users.settle(customer, plan)
    planting.own_cloud(context.world, customer.tenant, [idle(count)])


@given("all of them watch")
def _(context):
    for customer in list(context.world.users):
        context.world.watch(customer)


@given("{customer:User} starts one more server that nobody uses")
def _(context, customer):
    planting.more_servers(context.world, customer.tenant, [idle(1)])
