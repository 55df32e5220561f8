"""A request repeated with its idempotency key takes effect once."""

from support.database_management import idempotency, passing_faults
from support.database_management.changes import Requested
from support.database_management.idempotency import WithOneKey
from support.matchers.faultless import is_just
from support.run.sentences import then, when


@when("{customer:User} requests the {change:Change} twice {twice:Twice}")
def _(world, customer, change, twice):
    world.outcome = idempotency.request_twice(world, customer, change, twice)


@when("{people:Users} request a {change:Change} each with one key")
def _(world, people, change):
    world.keep(idempotency.request_each(world, people, change))


@when("the connection is lost {lose:CommitMoment} the commit of {customer:Owner} {change:Change} with a key")
def _(world, customer, change, lose):
    world.outcome = idempotency.interrupt_commit(world, customer, change, lose)


@when("{fault:DatabaseFault} interrupts {customer:Owner} {change:Change} with a key {times:Times}")
def _(world, customer, change, fault, times):
    caller = idempotency.keyed(world, customer)()
    world.outcome = passing_faults.interrupt(world, customer, change, fault, times, caller)


@then("both responses are the same")
def _(world):
    world.expect(world.kept(Requested).outcomes, idempotency.are_the_same())


@then("{customers:Users} have a {change:Change} each")
def _(world, customers, change):
    each = world.kept(WithOneKey).each
    world.expect([about.customer for about in each], is_just(list(customers)))
    world.expect({about.customer.alias: about.made() for about in each}, is_just(idempotency.one_each(each, change)))
