"""Partners' applications act only for customers who authorise them."""

from functools import partial

from support.configuration import applications, rehearsals
from support.configuration.running import RELOAD
from support.run.sentences import given, then, when


@when("{customer:User} authorises the partner's application, which exchanges the code")
def _(world, customer):
    applications.let_act(world, customer)


@then("the application acts as {customer:User}")
def _(world, customer):
    world.expect(applications.acting(world), applications.is_session_of(customer))


@then("a second exchange of the code is refused")
def _(world):
    world.expect(applications.exchange_again(world), applications.is_unauthenticated())


@when("{customer:User} is asked to authorise the application at {address:AppAddress}")
def _(world, customer, address):
    world.outcome = applications.ask_at(world, customer, address)


@then("the request is refused because of the address")
def _(world):
    world.expect(world.last_outcome, applications.names_the_address())


@then("the request succeeds at the registered address")
def _(world):
    world.expect(applications.ask_at_registered(world), applications.sends_a_code_there(world))


@when("{customer:Owner} authorization code is exchanged with {other:ExchangedWith}")
def _(world, customer, other):
    world.outcome = applications.exchange_with(world, customer, other)


@then("the exchange is refused with an authentication error")
def _(world):
    world.expect(world.last_outcome, applications.is_unauthenticated())


@given("{customer:User} has authorised the partner's application")
def _(world, customer):
    applications.let_act(world, customer)
    world.expect(applications.acting(world), applications.is_session_of(customer))


@when("the operator replaces the application's registered addresses")
def _(world):
    applications.replace_addresses(world)


@then("the request is refused at the former address and succeeds at the registered one in time")
def _(world):
    look = partial(applications.ask_at_both, world)
    world.eventually(look, applications.is_moved(world), RELOAD, "what the customer is answered at both addresses")


@given("the development environment has an application of its own")
def _(world):
    rehearsal = rehearsals.prepare(world, "development", applications.with_own_application)
    rehearsals.start(world, rehearsal, "auth service")


@when("the applications of both environments ask in each other's environment")
def _(world):
    world.keep(applications.visit(world))


@then("each environment refuses the other environment's application")
def _(world):
    world.expect(world.kept(applications.Visits), applications.know_their_own())
