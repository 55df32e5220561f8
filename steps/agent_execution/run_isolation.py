"""Customers with runs at the same time see only their own data."""

from support.agent_execution import run_isolation
from support.matchers.isolation import shows_only_data_of
from support.run.sentences import then


@then("answers, events and stored runs show each customer only their own data")
def _(world):
    for customer in world.users.customers:
        for shown in run_isolation.everything_shown_to(world, customer):
            world.expect(shown, shows_only_data_of(customer.tenant))
