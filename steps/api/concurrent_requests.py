"""Many users at once get right answers in time."""

from hamcrest import equal_to

from support.api import concurrent_requests, rate_limits
from support.api.concurrent_request_matchers import are_all_right, have_names_of_their_own
from support.api.rate_limit_matchers import were_all_granted, were_granted_what_the_plan_allows
from support.matchers.responses import are_all_open
from support.matchers.timing import percentile
from support.run.sentences import given, then, when


@given("each of them has a conversation")
def _(world):
    concurrent_requests.converse(world)


@when("each of them makes ten requests of different kinds, all of them side by side")
def _(world):
    concurrent_requests.ask(world)


@then("everybody has been answered rightly, with nothing of anybody else's")
def _(world):
    world.expect(world.recall(concurrent_requests.ANSWERED, list), are_all_right())


@then("no two things or answers bear the same name")
def _(world):
    world.expect(world.recall(concurrent_requests.ANSWERED, list), have_names_of_their_own())


@then("nearly all answers have come within the {budget:Budget} budget")
def _(world, budget):
    took = [each.answer.seconds for each in world.recall(concurrent_requests.ANSWERED, list)]
    world.within(budget, percentile(took, 0.95), f"p95 of {len(took)} answers")


@when("{greedy:Users} each ask more often than a Free plan allows, and {modest:User} now and then")
def _(world, greedy, modest):
    rate_limits.ask_too_often(world, greedy, modest)


@given("{customer:User} has used up what the plan allows")
def _(world, customer):
    rate_limits.use_up(world, customer)


@when("{customer:User} comes back when told to")
def _(world, customer):
    rate_limits.come_back(world, customer)


@when("{customer:User} looks behind every door for owners while nobody can count requests")
def _(world, customer):
    rate_limits.try_doors_uncounted(world)


@then("{customer:User} has been granted what the plan allows, and was told when to come back")
def _(world, customer):
    allowed = rate_limits.ALLOWED[customer.tenant.plan]
    world.expect(rate_limits.answers_to(world, customer), were_granted_what_the_plan_allows(allowed))


@then("{customers:Users} have been granted everything")
def _(world, customers):
    for customer in customers:
        world.expect(rate_limits.answers_to(world, customer), were_all_granted())


@then("{customer:Owner} request is granted")
def _(world, customer):
    world.expect(world.last_outcome.done, equal_to(True), str(world.last_outcome))


@then("each of these doors was open to {customer:User}")
def _(world, customer):
    world.expect(world.recall(rate_limits.OPEN, list), are_all_open())
