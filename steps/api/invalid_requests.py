"""Invalid requests get a helpful error."""

from support.api import invalid_requests
from support.api.calls import Calls
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.stores import rows


@when("{customer:User} sends every request with {error:RequestError}")
def _(world, customer, error):
    world.keep(Calls(invalid_requests.send_all(world, customer, error)))


@then("no invalid sign-up has created a customer")
def _(world):
    names = world.kept(invalid_requests.InvalidSignUps).names
    world.expect(rows.customers(world, names), is_just((0, 0), "no organisation and no person"))
    # A customer who exists is found in the same way.
    known = world.users.customers[0]
    world.expect(rows.customers(world, [known.tenant.name, known.email]), is_just((1, 1)))
