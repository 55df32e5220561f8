"""Wrong input gets a helpful answer."""

from hamcrest import equal_to

from support.api import invalid_requests
from support.api.invalid_request_matchers import name_what_is_wrong
from support.run.sentences import then, when
from support.stores import rows


@when("{customer:User} sends every request with {wrong:Wrong}")
def _(world, customer, wrong):
    invalid_requests.send_all(world, customer, wrong)


@then("each is refused with what is wrong named")
def _(world):
    world.expect(world.recall(invalid_requests.SENT, list), name_what_is_wrong())


@then("nobody has become a customer by it")
def _(world):
    named = world.recall(invalid_requests.NAMED, set)
    world.expect(rows.customers(world, named), equal_to((0, 0)))
    # Whoever is a customer would have been found.
    known = world.users.customers[0]
    world.expect(rows.customers(world, [known.tenant.name, known.email]), equal_to((1, 1)))
