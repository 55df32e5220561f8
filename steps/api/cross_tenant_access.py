"""Customers cannot access each other's resources."""

from hamcrest import equal_to, is_not

from support.api import calls, cross_tenant_access, owned_resources
from support.api.calls import Calls
from support.api.cross_tenant_access_matchers import show_every_sign
from support.run.sentences import then, when


@when("{intruder:User} tries to access {customer:Owner} resources in every way")
def _(world, intruder, customer):
    world.keep(Calls(cross_tenant_access.attempt(world, intruder)))


@then("the same requests succeed for {customer:User}")
def _(world, customer):
    world.expect(cross_tenant_access.listings_of_owner(world), show_every_sign())
    world.expect(cross_tenant_access.request_as_owner(world), calls.succeed())
    before = world.kept(owned_resources.StoredData).digests
    world.expect(owned_resources.stored_of(world, customer.tenant), is_not(equal_to(before)))
