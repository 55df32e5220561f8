"""Customers who work at the same time never see each other's data."""

from support.agent_execution import computed_answers
from support.matchers.isolation import shows_only_data_of
from support.run.sentences import then


@then("answers, live events and stored runs show each customer their own data and nobody else's")
def _(world):
    for customer in world.users:
        for shown in computed_answers.everything_shown_to(world, customer):
            world.expect(shown, shows_only_data_of(customer.tenant))
