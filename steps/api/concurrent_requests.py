"""The API serves many users at once, each within their rate limit."""

from support.api import calls, concurrent_requests, rate_limits
from support.api.calls import Calls
from support.api.rate_limits import LastRefusal
from support.matchers.timing import percentile
from support.run.sentences import then, when


@when("{customer:User} calls the second backend thirty times")
def _(world, customer):
    second = world.addresses.spare_backend_url
    world.keep(Calls([rate_limits.ask_for_allowance(world, customer, second) for _ in range(30)]))


@then("{customer:User} is served as often as the limit was refilled meanwhile, and is refused otherwise")
def _(world, customer):
    limit = rate_limits.LIMITS[customer.tenant.plan]
    since = world.kept(LastRefusal).answer.sent_at
    world.expect(world.kept(Calls).made, rate_limits.have_only_what_was_refilled(limit, since))


@when("{customer:User} changes to {plan:Plan} plan as soon as Retry-After allows, logs in again and makes ten requests")
def _(world, customer, plan):
    rate_limits.wait_as_told(world)
    world.platform.change_plan(customer, plan.wire).require()
    customer.tenant.plan = plan
    world.users.log_in(customer)
    world.keep(Calls(rate_limits.call_ten_times(world, customer)))


@when("every user makes ten different requests at the same time")
def _(world):
    world.keep(Calls(concurrent_requests.call_side_by_side(world)))


@when("{greedy:Users} exceed the rate limit of a Free plan while {modest:User} makes a few requests")
def _(world, greedy, modest):
    rate_limits.exceed(world, greedy, modest)


@then("every response and every new resource has a unique ID")
def _(world):
    world.expect(world.kept(Calls).made, concurrent_requests.have_unique_ids())


@then("at least 95 % of all responses arrive within the target time for {budget:Budget}")
def _(world, budget):
    took = [call.answer.seconds for call in world.kept(Calls).made]
    world.within(budget, percentile(took, 0.95), f"p95 of {len(took)} responses")


@then("{customer:User} is served up to the limit of the plan, and every refusal has a Retry-After")
def _(world, customer):
    limit = rate_limits.LIMITS[customer.tenant.plan]
    world.expect(rate_limits.calls_of(world, customer), rate_limits.keep_to(limit))


@then("every request of {customers:Users} succeeds")
def _(world, customers):
    for customer in customers:
        world.expect(rate_limits.calls_of(world, customer), calls.succeed(), str(customer))


@when("{customer:User} asks for job records thirty times")
def _(world, customer):
    world.keep(Calls([rate_limits.ask_for_jobs(world, customer) for _ in range(30)]))


@then("{colleagues:Users} together are served up to the limit of the plan")
def _(world, colleagues):
    made = [call for each in colleagues for call in rate_limits.calls_of(world, each)]
    world.expect(made, rate_limits.keep_to(rate_limits.LIMITS[colleagues[0].tenant.plan]))


@then("every request of {customer:User} succeeds")
def _(world, customer):
    world.expect(rate_limits.calls_of(world, customer), calls.succeed(), str(customer))
