"""One customer has one account."""

from hamcrest import equal_to, has_properties, is_not

from support.business_data import sign_up
from support.business_data.sign_up import FormerAccount, Invitation, SignUps
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.matchers.problems import is_refused_with
from support.run.sentences import given, then, when


@given("{customer:User} has signed up with an international email address")
def _(world, customer):
    sign_up.sign_up_internationally(world, customer)


@when("{newcomer:User} signs up with {customer:Owner} email address in different capitalisation")
def _(world, newcomer, customer):
    world.outcome = sign_up.sign_up_under_address_of(world, newcomer, customer)


@when("{newcomers:Users} sign up with the same email address at the same moment")
def _(world, newcomers):
    world.keep(sign_up.sign_up_together(world, newcomers))


@when("{newcomer:User} signs up with an unusual email address and password")
def _(world, newcomer):
    world.outcome = sign_up.sign_up_unusually(world, newcomer)


@then("one of them has an account, and the other is refused because {code:SignUpRefusal}")
def _(world, code):
    accepted, refused = sorted(world.kept(SignUps).outcomes, key=lambda each: not each.done)
    world.expect(accepted, succeeds())
    world.expect(refused, is_refused_with(code))


@then("the database holds one account and one organisation of them")
def _(world):
    world.expect(sign_up.stored_of_all(world, world.kept(SignUps).people), is_just((1, 1)))


@then("{customer:User} can log in with the email address and password of the sign-up")
def _(world, customer):
    account = sign_up.account_in(sign_up.log_in_elsewhere(str, world, customer))
    world.expect(account, has_properties(user_id=world.last_outcome.value.user_id))


@then("{customer:User} is logged in to the account from sign-up")
def _(world, customer):
    world.expect(world.last_outcome, succeeds())
    world.expect(sign_up.account_in(world.last_outcome), sign_up.is_account_of(customer))


@then("{person:User} is a member again, with a new account")
def _(world, person):
    world.expect(world.last_outcome, succeeds())
    owner, joined = world.users[person.tenant.alias], world.last_outcome.value.user_id
    world.expect(joined, is_not(equal_to(world.kept(FormerAccount).id)), "the ID of the account")
    world.expect(sign_up.members(world, owner), is_just([owner.id, joined]))
    world.expect(sign_up.found_on_return(world, person), is_just([]), "conversations of the account from before")
    world.expect(
        sign_up.account_in(sign_up.log_in_elsewhere(str.swapcase, world, person)), has_properties(user_id=joined)
    )


@then("the sign-up is refused because {code:SignUpRefusal}")
def _(world, code):
    world.expect(world.last_outcome, is_refused_with(code))


@then("the database holds {count:AccountCount} for {person:User}")
def _(world, count, person):
    world.expect(sign_up.stored_accounts(world, person), is_just(sign_up.expected_accounts(person, count)))


@then("{customer:User} has no new member")
def _(world, customer):
    world.expect(sign_up.members(world, customer), is_just(world.kept(Invitation).members))


@when("{customer:User} logs in on fifteen devices, one after the other")
def _(world, customer):
    world.keep(SignUps([customer], [sign_up.log_in_elsewhere(str, world, customer) for _ in range(15)]))


@then("every log-in opens the account from sign-up")
def _(world):
    attempts = world.kept(SignUps)
    for outcome in attempts.outcomes:
        world.expect(sign_up.account_in(outcome), sign_up.is_account_of(attempts.people[0]))


@when("{customer:User} signs up while the database is unreachable, and again afterwards")
def _(world, customer):
    world.keep(sign_up.sign_up_around_outage(world, customer))


@then("the first sign-up fails, and the second opens an account")
def _(world):
    first, second = world.kept(SignUps).outcomes
    world.expect(first, is_refused_with("unavailable"))
    world.expect(second, succeeds())
