"""Allowances, what is booked on them, and the budgets under them."""

from behave import given, then, when
from hamcrest import equal_to

from support import allowances
from support.checks.doors import are_all_open
from support.checks.granted import one_is_granted_and_one_refused
from support.doors import Try


@given("five organisations of ten people share an allowance each")
def _(context):
    allowances.shared_by_many(context.world)


@given("{customer:User} has an allowance")
def _(context, customer):
    context.world.platform.set_allowance(customer, allowances.AMOUNT).require()


@when("all of them book expenses at once")
def _(context):
    context.world.facts["bookings"] = allowances.book_together(context.world)


@then("each organisation has spent exactly what its people booked")
def _(context):
    booked = [Try(f"{request.who}'s booking", answer) for request, answer in context.world.recall("bookings", list)]
    context.world.expect(booked, are_all_open())
    due = allowances.due_of_organisations(context.world.users.customers)
    context.world.expect(allowances.spent_by_organisations(context.world), equal_to(due))


@then("each person has spent exactly what they booked")
def _(context):
    due = allowances.due_of_people(context.world.users.customers)
    context.world.expect(allowances.found_by_people(context.world), equal_to(due))


@given("{customer:Owner} allowance has room to raise one of two budgets")
def _(context, customer):
    context.world.facts["budgets"] = allowances.with_room_for_one(context.world, customer)


@when("{customer:User} raises both budgets at once")
def _(context, customer):
    budgets = context.world.recall("budgets", list)
    context.world.facts["attempts"] = allowances.raise_together(context.world, customer, budgets)


@then("one is raised and the other refused for want of room")
def _(context):
    attempts = context.world.recall("attempts", list)
    context.world.expect(attempts, one_is_granted_and_one_refused("allowance_exceeded"))


@then("one move is made and the other refused")
def _(context):
    context.world.expect(context.world.recall("attempts", list), one_is_granted_and_one_refused("conflict"))


@then("the budgets are within the allowance")
def _(context):
    customer = context.world.users.customers[0]
    context.world.expect(allowances.allotted(context.world, customer), equal_to((["40.00", "60.00"], "100.00")))
