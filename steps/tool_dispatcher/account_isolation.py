"""A tool works only in its caller's cloud account."""

from support.cloud.servers import servers_of
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.tool_dispatcher import account_isolation
from support.tool_dispatcher.server_tasks import TaskRequests


@when("{customers:Users} run {work_:ServerWork} at the same time")
def _(world, customers, work_):
    account_isolation.run_at_the_same_moment(world, customers, work_)


@then("{customer:Owner} servers are unchanged")
def _(world, customer):
    before = world.kept(TaskRequests).before[customer.alias]
    world.expect(servers_of(world, customer.tenant), is_just(before, "the servers as before"))


@then("{customer:Owner} agent has stopped its own server, with no result for {other:Owner}")
def _(world, customer, other):
    expected = account_isolation.expected_across_accounts(world, customer)
    found = account_isolation.outcome_across_accounts(world, customer)
    world.expect(found, is_just(expected, "its own server stopped, and the result of that"))


@when("{customer:User} cancels the run while {other:Owner} call goes on")
def _(world, customer, other):
    account_isolation.stop_beside(world, customer, other)


@then("{customer:Owner} agent has received no servers, only that the account does not admit it")
def _(world, customer):
    world.expect(account_isolation.tried(world, customer), is_just(account_isolation.NOT_ADMITTED))
