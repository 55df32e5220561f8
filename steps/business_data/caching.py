"""The cache never returns stale data."""

from hamcrest import has_property

from support.business_data import caching
from support.business_data.caching import BackendReads, CacheFailure
from support.matchers.faultless import is_just
from support.run.sentences import given, then, when


@given("the cache {failure:CacheFailure}")
def _(world, failure):
    world.keep(failure).inject(world.faults)


@when("the cache recovers")
def _(world):
    world.kept(CacheFailure).recover(world.faults)


@when("{customer:User} {change:AllowanceChange}")
def _(world, customer, change):
    caching.change(world, customer, change)


@when("{customer:User} changes the {changed:OnEachBackend} through each backend in turn")
def _(world, customer, changed):
    world.keep(changed(world, customer))


@then("{reader:User} reads {read:AllowanceRead}")
def _(world, reader, read):
    world.expect(world.last_outcome, has_property("done", True), str(world.last_outcome))
    world.expect(read(world, reader), is_just(caching.expected(world, reader)))


@then("both backends return the current {changed:OnEachBackend} after each change")
def _(world, changed):
    reads = world.kept(BackendReads)
    world.expect(reads.observed, is_just(reads.expected))


@given("{customer:User} has read that there is no allowance")
def _(world, customer):
    caching.read_before_there_is_one(world, customer)
