"""Who gets in by which door, and with what in hand."""

from behave import given, then, when
from hamcrest import equal_to, is_not

from support import access, doors, holdings, sessions, tokens, trespass
from support.checks.doors import are_all_closed, are_all_open
from support.checks.problems import is_refused_with
from support.checks.trespass import end_as_if_nothing_were_there, show_all_of_it, show_nothing_of_it
from support.dialect import Meaning


@given("{customer:User} is {plan:Plan} customer who owns one of everything")
def _(context, customer, plan):
    context.world.users.settle(customer, plan)
    context.world.facts[access.OWNED] = holdings.one_of_everything(context.world, customer)


@given("{customer:User} is logged in on another device")
def _(context, customer):
    context.world.facts[tokens.OTHER_SESSION] = sessions.new_token(context.world, customer)


@given("{customer:User} has gone on with the refresh token")
def _(context, customer):
    tokens.go_on(context.world, customer).require()


@when("{customer:User} goes on with the refresh token")
def _(context, customer):
    context.world.facts["tokens before"] = (customer.access_token, customer.refresh_token)
    context.world.outcome = tokens.go_on(context.world, customer)


@when("somebody tries every door with {bad:BadToken}")
def _(context, bad):
    access.with_bad_token(context.world, bad)


@when("somebody shows the used refresh token")
def _(context):
    context.world.outcome = tokens.refresh_again(context.world)


@when("{customer:User} logs out")
def _(context, customer):
    context.world.platform.log_out(customer).require()


@then("every door stays closed")
def _(context):
    context.world.expect(context.world.recall(doors.TRIES, list), are_all_closed(Meaning.UNAUTHENTICATED))


@then("nothing of {customer:Owner} has changed")
def _(context, customer):
    before = context.world.recall(access.STORED, dict)
    context.world.expect(holdings.stored_of(context.world, customer.tenant), equal_to(before))


@then("{customer:Owner} own token opens every door that is there for owners")
def _(context, customer):
    before = holdings.stored_of(context.world, customer.tenant)
    context.world.expect(access.as_owner(context.world), are_all_open())
    context.world.expect(holdings.stored_of(context.world, customer.tenant), is_not(equal_to(before)))


@then("{customer:User} has been given new tokens of both kinds")
def _(context, customer):
    context.world.expect(context.world.last_outcome.done, equal_to(True), str(context.world.last_outcome))
    for new, old in zip(tokens.pair_of(customer), context.world.facts["tokens before"], strict=True):
        context.world.expect(new, is_not(equal_to(old)))


@then("{customer:User} is let in with the new token")
def _(context, customer):
    context.world.expect(context.world.platform.me(customer).done, equal_to(True))


@then("the refresh token is refused")
def _(context):
    context.world.expect(context.world.last_outcome, is_refused_with("unauthenticated"))


@then("no token of {customer:Owner} session is of use any more")
def _(context, customer):
    context.world.expect(access.with_own_token(context.world, customer), are_all_closed(Meaning.UNAUTHENTICATED))
    context.world.expect(tokens.refresh(context.world, customer), is_refused_with("unauthenticated"))


@then("the other device is still let in")
def _(context):
    context.world.expect(tokens.on_other_device(context.world), equal_to(True))


@when("{stranger:User} tries every way to what {customer:User} owns")
def _(context, stranger, customer):
    trespass.try_every_way(context.world, stranger)


@then("each way ends as if nothing were there")
def _(context):
    context.world.expect(context.world.recall(trespass.TRESPASSED, list), end_as_if_nothing_were_there())
    context.world.expect(context.world.recall(trespass.SEEN, list), show_nothing_of_it())


@then("every one of these ways is open to {customer:User}")
def _(context, customer):
    context.world.expect(trespass.read_as_owner(context.world), show_all_of_it())
    context.world.expect(trespass.as_owner(context.world), are_all_open())
    before = context.world.recall(access.STORED, dict)
    context.world.expect(holdings.stored_of(context.world, customer.tenant), is_not(equal_to(before)))
