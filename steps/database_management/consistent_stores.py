"""Work over several stores ends consistent."""

from hamcrest import equal_to

from support.database_management import consistent_stores
from support.matchers.outcomes import succeeds
from support.run.sentences import given, then, when


@when("the {store:ReceivingStore} is lost {moment:LossMoment} receiving the end of {customer:Owner} run")
def _(world, store, moment, customer):
    moment(world, customer, store)


@given("the event stream has refused the end of {customer:Owner} run")
def _(world, customer):
    consistent_stores.refuse_end(world, customer)
    world.eventually(lambda: consistent_stores.set_aside(world), bool, "records agree", "what is set aside")


@when("the event stream refuses the end of {customer:Owner} run")
def _(world, customer):
    consistent_stores.refuse_end(world, customer)


@when("the operator has the undeliverable event delivered again")
def _(world):
    world.outcome = consistent_stores.deliver_again(world)


@then("the operator finds just the end of {customer:Owner} run among the undeliverable events, with the reason")
def _(world, customer):
    expected = consistent_stores.refused_event_of(customer)
    world.eventually(lambda: consistent_stores.set_aside(world), expected, "records agree", "what is set aside")


@then("the operator finds no undeliverable event")
def _(world):
    world.expect(world.last_outcome, succeeds())
    world.expect(consistent_stores.set_aside(world), equal_to([]))
