"""Only a valid token gives access to the API."""

from hamcrest import equal_to, is_not

from support.api import calls, tokens
from support.api.calls import Calls
from support.platform.driver import Anyone
from support.run.sentences import then, when


@when("an outsider calls every API endpoint with {token:InvalidToken}")
def _(world, token):
    world.keep(Calls(tokens.call_with(world, token)))


@then("{customer:User} receives a new access token and a new refresh token")
def _(world, customer):
    renewal, now = world.kept(tokens.Renewal), tokens.pair_of(customer)
    world.expect(renewal.answer.done, equal_to(True), str(renewal.answer))
    world.expect(now.access, is_not(equal_to(renewal.before.access)), "the access token")
    world.expect(now.refresh, is_not(equal_to(renewal.before.refresh)), "the refresh token")


@then("{customer:Owner} {session:UserSession} is valid")
def _(world, customer, session):
    response = world.platform.me(Anyone(session(world, customer)))
    world.expect(response.done, equal_to(True), str(response))


@then("every token of {customer:Owner} session is refused")
def _(world, customer):
    world.expect(tokens.call_with_every_token(world, customer), calls.are_refused("unauthenticated"))
