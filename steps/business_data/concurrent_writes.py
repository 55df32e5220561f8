"""However many write at once, nothing is lost."""

from hamcrest import equal_to

from support.api.endpoints import Try
from support.business_data import allowances, conversations
from support.business_data.concurrent_writes_matchers import one_is_granted_and_one_refused
from support.matchers.responses import are_all_open
from support.run.sentences import given, then, when


@given("five organisations of ten people share an allowance each")
def _(world):
    allowances.shared_by_many(world)


@when("all of them book expenses at once")
def _(world):
    world.facts["bookings"] = allowances.book_together(world)


@then("each organisation has spent exactly what its people booked")
def _(world):
    booked = [Try(f"{request.who}'s booking", answer) for request, answer in world.recall("bookings", list)]
    world.expect(booked, are_all_open())
    due = allowances.due_of_organisations(world.users.customers)
    world.expect(allowances.spent_by_organisations(world), equal_to(due))


@then("each person has spent exactly what they booked")
def _(world):
    due = allowances.due_of_people(world.users.customers)
    world.expect(allowances.found_by_people(world), equal_to(due))


@given("{customer:Owner} allowance has room to raise one of two budgets")
def _(world, customer):
    world.facts["budgets"] = allowances.with_room_for_one(world, customer)


@when("{customer:User} raises both budgets at once")
def _(world, customer):
    budgets = world.recall("budgets", list)
    world.facts["attempts"] = allowances.raise_together(world, customer, budgets)


@then("one is raised and the other refused for want of room")
def _(world):
    attempts = world.recall("attempts", list)
    world.expect(attempts, one_is_granted_and_one_refused("allowance_exceeded"))


@then("one move is made and the other refused")
def _(world):
    world.expect(world.recall("attempts", list), one_is_granted_and_one_refused("conflict"))


@then("the budgets are within the allowance")
def _(world):
    customer = world.users.customers[0]
    world.expect(allowances.allotted(world, customer), equal_to((["40.00", "60.00"], "100.00")))


@given("{customer:User} has three conversations")
def _(world, customer):
    world.facts["conversations"] = conversations.having(world, customer, 3)


@when("{customer:User} moves the messages of the first conversation to both others at once")
def _(world, customer):
    existing = world.recall("conversations", list)
    world.facts["attempts"] = conversations.move_to_both(world, existing)


@then("every message is in one conversation")
def _(world):
    existing = world.recall("conversations", list)
    found = [words for each in existing for words in conversations.read(world, each)["said"]]
    world.expect(sorted(found), equal_to(sorted(words for each in existing for words in each.said)))
