"""Many jobs at once stay separate."""

from hamcrest import greater_than_or_equal_to

from support.load import populations
from support.run.sentences import then, when
from support.service_coordination import research


@when("each of them has something of their own surveyed")
def _(world):
    customers = world.users.customers
    populations.at_once(customers, lambda user: research.survey(world, user, 1, 2, held=True))
    research.let_go_on_together(world)


@when("{customer:User} has something different surveyed by each of twenty jobs at once")
def _(world, customer):
    research.many(world, customer, 20)


@then("as many jobs were at work at once as there are places for them")
def _(world):
    due = greater_than_or_equal_to(research.places_due(world))
    world.expect(research.most_at_once(world), due, "requests at the partner at once")
