"""Many who ask at once, and those who ask too often."""

from behave import given, then, when
from hamcrest import equal_to

from support import fair_use, mixture
from support.checks.doors import are_all_open
from support.checks.fair_use import were_all_granted, were_granted_what_the_plan_allows
from support.checks.mixture import are_all_right, have_names_of_their_own
from support.checks.timing import percentile


@given("each of them has a conversation")
def _(context):
    mixture.converse(context.world)


@when("each of them makes ten requests of different kinds, all of them side by side")
def _(context):
    mixture.ask(context.world)


@then("everybody has been answered rightly, with nothing of anybody else's")
def _(context):
    context.world.expect(context.world.recall(mixture.ANSWERED, list), are_all_right())


@then("no two things or answers bear the same name")
def _(context):
    context.world.expect(context.world.recall(mixture.ANSWERED, list), have_names_of_their_own())


@then("nearly all answers have come within the {budget:Budget} budget")
def _(context, budget):
    took = [each.answer.seconds for each in context.world.recall(mixture.ANSWERED, list)]
    context.world.within(budget, percentile(took, 0.95), f"p95 of {len(took)} answers")


@when("{greedy:Users} each ask more often than a Free plan allows, and {modest:User} now and then")
def _(context, greedy, modest):
    fair_use.ask_too_often(context.world, greedy, modest)


@given("{customer:User} has used up what the plan allows")
def _(context, customer):
    fair_use.use_up(context.world, customer)


@when("{customer:User} comes back when told to")
def _(context, customer):
    fair_use.come_back(context.world, customer)


@when("{customer:User} looks behind every door for owners while nobody can count requests")
def _(context, customer):
    fair_use.try_doors_uncounted(context.world)


@then("{customer:User} has been granted what the plan allows, and was told when to come back")
def _(context, customer):
    allowed = fair_use.ALLOWED[customer.tenant.plan]
    context.world.expect(fair_use.answers_to(context.world, customer), were_granted_what_the_plan_allows(allowed))


@then("{customers:Users} have been granted everything")
def _(context, customers):
    for customer in customers:
        context.world.expect(fair_use.answers_to(context.world, customer), were_all_granted())


@then("{customer:Owner} request is granted")
def _(context, customer):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.last_outcome))


@then("each of these doors was open to {customer:User}")
def _(context, customer):
    context.world.expect(context.world.recall(fair_use.OPEN, list), are_all_open())
