"""A tool works only in its caller's cloud account."""

from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.tool_dispatcher import account_isolation


@when("{customers:Users} run {work_:ServerWork} at the same moment")
def _(world, customers, work_):
    account_isolation.run_at_the_same_moment(world, customers, work_)


@then("{customer:Owner} agent has a result for its own server and none for {other:Owner}")
def _(world, customer, other):
    found = account_isolation.results_across_accounts(world, customer)
    world.expect(found, is_just(account_isolation.expected_across_accounts(world, customer)))
