"""Only a valid token gives access to the API."""

from hamcrest import equal_to, is_not, less_than_or_equal_to

from support.api import calls, log_in_limits, tokens
from support.api.calls import Calls
from support.matchers.outcomes import succeeds
from support.platform.driver import Anyone
from support.run.sentences import given, then, when


@when("an outsider calls every API endpoint with {token:InvalidToken}")
def _(world, token):
    world.keep(Calls(tokens.call_with(world, token)))


@when("an outsider guesses {customer:Owner} password again and again")
def _(world, customer):
    world.keep(Calls(log_in_limits.guess(world, customer)))


@then("the first few guesses are checked, and all later ones are refused with a Retry-After")
def _(world):
    world.expect(world.kept(Calls), log_in_limits.are_bounded_by(log_in_limits.LIMIT))


@then("{customer:User} can log in on a known device")
def _(world, customer):
    world.expect(log_in_limits.log_in_on_known_device(world, customer), succeeds())


@then("{customer:User} receives a new access token and a new refresh token")
def _(world, customer):
    renewal, now = world.kept(tokens.Renewal), tokens.pair_of(customer)
    world.expect(renewal.answer.done, equal_to(True), str(renewal.answer))
    world.expect(now.access, is_not(equal_to(renewal.before.access)), "the access token")
    world.expect(now.refresh, is_not(equal_to(renewal.before.refresh)), "the refresh token")


@given("the operator has shortened the lifetime of refresh tokens")
def _(world):
    tokens.shorten_refresh_tokens(world)


@when("{customer:User} logs in, renews the session, and tries to renew it after its refresh token has expired")
def _(world, customer):
    world.keep(tokens.renew_until_expired(world, customer))


@then("the first renewal succeeds, and the later one is an authentication error")
def _(world):
    renewals = world.kept(tokens.Renewals)
    world.expect(renewals.fresh, succeeds())
    world.expect([renewals.expired], calls.are_refused("unauthenticated"))


@then("{customer:Owner} {session:UserSession} is valid")
def _(world, customer, session):
    response = world.platform.me(Anyone(session(world, customer)))
    world.expect(response.done, equal_to(True), str(response))


@when("{customer:User} logs in and asks for an access token of ten years")
def _(world, customer):
    world.keep(tokens.ask_for_ten_years(world, customer))


@then("the access token lasts no longer than that of an ordinary log-in")
def _(world):
    lives = world.kept(tokens.Lives)
    # When it was given is told in whole seconds.
    world.expect(lives.of_long_one, less_than_or_equal_to(lives.of_ordinary_one + 1), "seconds")


@then("every token of {customer:Owner} session is refused")
def _(world, customer):
    world.expect(tokens.call_with_every_token(world, customer), calls.are_refused("unauthenticated"))
