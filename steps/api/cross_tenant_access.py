"""Nobody reaches what belongs to somebody else."""

from hamcrest import equal_to, is_not

from support.api import access, cross_tenant_access, owned_resources
from support.api.cross_tenant_matchers import end_as_if_nothing_were_there, show_all_of_it, show_nothing_of_it
from support.matchers.responses import are_all_open
from support.run.sentences import then, when


@when("{stranger:User} tries every way to what {customer:User} owns")
def _(world, stranger, customer):
    cross_tenant_access.try_every_way(world, stranger)


@then("each way ends as if nothing were there")
def _(world):
    world.expect(world.recall(cross_tenant_access.TRESPASSED, list), end_as_if_nothing_were_there())
    world.expect(world.recall(cross_tenant_access.SEEN, list), show_nothing_of_it())


@then("every one of these ways is open to {customer:User}")
def _(world, customer):
    world.expect(cross_tenant_access.read_as_owner(world), show_all_of_it())
    world.expect(cross_tenant_access.as_owner(world), are_all_open())
    before = world.recall(access.STORED, dict)
    world.expect(owned_resources.stored_of(world, customer.tenant), is_not(equal_to(before)))
