"""Customers with runs at the same time see only their own data."""

from support.agent_execution import run_isolation
from support.matchers.faultless import is_just
from support.matchers.isolation import shows_only_data_of
from support.run.sentences import then


@then("answers, events and stored runs show each customer only their own data")
def _(world):
    for customer in world.users.customers:
        for shown in run_isolation.everything_shown_to(world, customer):
            world.expect(shown, shows_only_data_of(customer.tenant))


@then("each customer reads the reason of their own failure")
def _(world):
    world.expect(run_isolation.reasons(world), is_just(run_isolation.expected_reasons(world)))
