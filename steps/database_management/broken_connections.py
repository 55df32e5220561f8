"""A broken database connection is replaced unseen."""

from hamcrest import equal_to

from support.api.calls import Calls
from support.database_management import broken_connections
from support.platform.dialect import Closing
from support.run.sentences import given, then, when
from support.scenario import work


@given("every service has used several database connections at once for {customer:User}")
def _(world, customer):
    broken_connections.have_several(world, customer)


@when("{customer:User} sends several requests to every service after every database connection {how:Break}")
def _(world, customer, how):
    broken_connections.request_after(world, customer, how)


@when("{customer:User} logs out after every database connection {how:Break}")
def _(world, customer, how):
    broken_connections.break_all(world, how)
    world.outcome = world.platform.log_out(customer)


@when("{customer:User} starts a usage report after every database connection {how:Break}")
def _(world, customer, how):
    broken_connections.break_all(world, how)
    work.WORK["a usage report"](world, customer)


@then("the slowest response arrives within the target time for replacing a broken connection")
def _(world):
    world.within("broken connection", broken_connections.slowest(world.kept(Calls).made))


@then("{customer:Owner} live connection is closed once notifications resume, because the session is over")
def _(world, customer):
    capture = customer.watching
    world.eventually(lambda: capture.is_open, equal_to(False), "notifications resume", "the live connection")
    world.expect(world.platform.dialect.closing(capture.closed.code), equal_to(Closing.SESSION_OVER))
