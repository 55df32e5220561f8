"""Who takes part, and what they have."""

from support.matchers.outcomes import succeeds
from support.run.sentences import given, then, when
from support.scenario import held_runs


@given("{customer:User} is {plan:Plan} customer")
def _(world, customer, plan):
    world.users.settle(customer, plan)


@given("{customer:User} is {plan:Plan} customer with {assets:Assets}")
def _(world, customer, plan, assets):
    world.users.settle(customer, plan)
    for give in assets:
        give(world, customer)


@given("{customer:User} has {assets:Assets}")
def _(world, customer, assets):
    for give in assets:
        give(world, customer)


@given("{person:User} is {role:Role}")
def _(world, person, role):
    world.users.settle(person, role=role)


@given("{group:Group}")
def _(world, group):
    group(world)


@when("{owner:User} removes {colleague:User} from the organisation")
def _(world, owner, colleague):
    held_runs.remove(world, owner, colleague)


@when("{person:User} {act:AccountAction}")
def _(world, person, act):
    world.outcome = act(world, person)


@then("{customer:User} has an account")
def _(world, customer):
    world.expect(world.last_outcome, succeeds(), str(customer))
