"""What customers do with the API, what it responds, and what becomes of their resources."""

from hamcrest import equal_to, is_not

from support.api import calls, endpoints, outages, owned_resources
from support.api.calls import Calls
from support.matchers.faultless import is_just
from support.run.sentences import then, when


@when("{customer:User} {action:ApiAction}")
def _(world, customer, action):
    world.keep(Calls(action(world, customer)))


@when("{customer:User} calls {called:ApiEndpoints} while {outage:ApiOutage}")
def _(world, customer, called, outage):
    world.keep(Calls(outages.call_during(world, outage, called)))


@then("the response {expected:ApiResponse}")
@then("every response {expected:ApiResponse}")
def _(world, expected):
    world.expect(world.kept(Calls).made, expected(world))


@then("{customer:Owner} data is unchanged")
def _(world, customer):
    before = world.kept(owned_resources.StoredData).digests
    world.expect(owned_resources.stored_of(world, customer.tenant), is_just(before, "the data as it was stored before"))


@then("every API endpoint open to owners works for {customer:User}")
def _(world, customer):
    before = owned_resources.stored_of(world, customer.tenant)
    world.expect(endpoints.call_as_owner(world), calls.succeed())
    world.expect(owned_resources.stored_of(world, customer.tenant), is_not(equal_to(before)))
