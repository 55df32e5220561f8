"""The database itself isolates customers from each other."""

from support.business_data import tenant_separation
from support.business_data.tenant_separation import Reached, Roles, reaches_only_rows_of, read_on_behalf_of
from support.run.sentences import then, when


@when("the platform's database role {access:DatabaseAccess} every table on behalf of {customer:CustomerOrNone}")
def _(world, access, customer):
    world.keep(access(world, customer))


@when("the connections of the platform's services to the database are listed")
def _(world):
    world.keep(tenant_separation.roles_at_work(world))


@when("the isolation of every table is switched off and the backend restarts")
def _(world):
    tenant_separation.restart_without_isolation(world)


@then("every service is connected, with a role to which isolation applies")
def _(world):
    world.expect(world.kept(Roles), tenant_separation.are_bound(world.target.instances))


@then("the role has reached {customer:Owner} data in every table and no other data")
def _(world, customer):
    world.expect(world.kept(Reached), reaches_only_rows_of(customer.tenant.id))


@then("the role has reached no data")
def _(world):
    world.expect(world.kept(Reached), reaches_only_rows_of(None))


@then("on behalf of {customer:User} the role reaches {owner:Owner} data in every table and no other data")
def _(world, customer, owner):
    world.expect(read_on_behalf_of(world, customer), reaches_only_rows_of(owner.tenant.id))
