"""Concurrent writes lose nothing."""

from hamcrest import equal_to

from support.business_data import allowances, concurrent_writes
from support.business_data.concurrent_writes import (
    Bookings,
    BookingsBeside,
    Conflict,
    CreatedConversations,
    one_succeeds_and_one_is_refused,
)
from support.business_data.conversations import Conversations
from support.matchers.faultless import is_just
from support.matchers.outcomes import all_succeed, succeeds
from support.run.sentences import then, when


@when("everyone books expenses at the same time")
def _(world):
    world.keep(concurrent_writes.book_together(world))


@then("each {spending:Spending} has spent exactly what was booked")
def _(world, spending):
    world.expect(world.kept(Bookings).outcomes, all_succeed())
    world.expect(spending.read(world), is_just(spending.expected(world)))


@when("{customer:User} {make:ConflictingRequests} at the same time")
def _(world, customer, make):
    world.keep(Conflict(make(world, customer)))


@when("{customer:User} sets the first allowance on two devices at the same time")
def _(world, customer):
    world.keep(Conflict(concurrent_writes.set_first_allowance(world, customer)))


@then("both requests succeed")
def _(world):
    world.expect(world.kept(Conflict).outcomes, all_succeed())


@then("{customer:User} has the allowance")
def _(world, customer):
    amount = allowances.figure(world.platform.allowance(customer), "monthly_amount")
    world.expect(amount, equal_to(allowances.AMOUNT))


@then("one request succeeds and the other is refused because {code:ConflictReason}")
def _(world, code):
    world.expect(world.kept(Conflict).outcomes, one_succeeds_and_one_is_refused(code))


@then("{customer:Owner} budgets add up to no more than the allowance")
def _(world, customer):
    world.expect(concurrent_writes.budgets_and_total(world, customer), is_just(concurrent_writes.ONE_RAISED))


@then("every message is in exactly one conversation")
def _(world):
    written = [text for each in world.kept(Conversations).all for text in each.messages]
    world.expect(concurrent_writes.messages_anywhere(world), is_just(sorted(written)))


@when("{customer:User} books an expense while one of {other:Owner} has to wait")
def _(world, customer, other):
    world.keep(concurrent_writes.book_beside(world, customer, other))


@when("{customer:User} lists conversations while one of {owner:Owner} expenses waits to be booked")
def _(world, customer, owner):
    world.keep(concurrent_writes.read_beside(world, customer, owner))


@then("{customer:User} receives the conversations first, and the expense is booked afterwards")
@then("both expenses are booked, {customer:Owner} first")
def _(world, customer):
    beside = world.kept(BookingsBeside)
    world.expect(beside.quick, succeeds(), str(customer))
    world.expect(beside.was_waiting, equal_to(True), "the other booking still waited then")
    world.expect(beside.slow, succeeds())


@when("every user creates three conversations at the same time")
def _(world):
    world.keep(concurrent_writes.create_together(world))


@then("every user finds exactly the conversations that they created")
def _(world):
    world.expect(world.kept(CreatedConversations).outcomes, all_succeed())
    found = concurrent_writes.conversations_found(world)
    world.expect(found, is_just(concurrent_writes.conversations_created(world)))
