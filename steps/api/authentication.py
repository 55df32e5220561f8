"""Only valid tokens open the door."""

from hamcrest import equal_to, is_not

from support.api import access, endpoints, tokens
from support.matchers.problems import is_refused_with
from support.matchers.responses import are_all_closed
from support.platform.dialect import Meaning
from support.run.sentences import given, then, when
from support.scenario import sessions


@given("{customer:User} is logged in on another device")
def _(world, customer):
    world.facts[tokens.OTHER_SESSION] = sessions.new_token(world, customer)


@given("{customer:User} has gone on with the refresh token")
def _(world, customer):
    tokens.go_on(world, customer).require()


@when("{customer:User} goes on with the refresh token")
def _(world, customer):
    world.facts["tokens before"] = (customer.access_token, customer.refresh_token)
    world.outcome = tokens.go_on(world, customer)


@when("somebody tries every door with {bad:BadToken}")
def _(world, bad):
    access.with_bad_token(world, bad)


@when("somebody shows the used refresh token")
def _(world):
    world.outcome = tokens.refresh_again(world)


@when("{customer:User} logs out")
def _(world, customer):
    world.platform.log_out(customer).require()


@then("every door stays closed")
def _(world):
    world.expect(world.recall(endpoints.TRIES, list), are_all_closed(Meaning.UNAUTHENTICATED))


@then("{customer:User} has been given new tokens of both kinds")
def _(world, customer):
    world.expect(world.last_outcome.done, equal_to(True), str(world.last_outcome))
    for new, old in zip(tokens.pair_of(customer), world.facts["tokens before"], strict=True):
        world.expect(new, is_not(equal_to(old)))


@then("{customer:User} is let in with the new token")
def _(world, customer):
    world.expect(world.platform.me(customer).done, equal_to(True))


@then("the refresh token is refused")
def _(world):
    world.expect(world.last_outcome, is_refused_with("unauthenticated"))


@then("no token of {customer:Owner} session is of use any more")
def _(world, customer):
    world.expect(access.with_own_token(world, customer), are_all_closed(Meaning.UNAUTHENTICATED))
    world.expect(tokens.refresh(world, customer), is_refused_with("unauthenticated"))


@then("the other device is still let in")
def _(world):
    world.expect(tokens.on_other_device(world), equal_to(True))
