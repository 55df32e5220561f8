"""Tools are added and withdrawn without a restart."""

from support.matchers.faultless import is_just
from support.run.sentences import given, then, when
from support.tool_dispatcher import tool_registration


@given("the operator has {operate:Operation}")
def _(world, operate):
    operate(world)


@when("the partner answers the currency tool")
def _(world):
    tool_registration.let_partner_answer(world)


@then("{customer:Owner} agent {error:CallResult}")
def _(world, customer, error):
    found = tool_registration.last_call(world, customer)
    world.expect(found, is_just(tool_registration.expected_call(world, error)))


@then("the published tool list {named:Naming} the currency tool")
def _(world, named):
    world.expect(tool_registration.is_published(world), is_just(named))
