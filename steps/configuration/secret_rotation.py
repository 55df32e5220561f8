"""Secrets are replaced without interruption."""

from functools import partial

from support.configuration import effects, exposure, logins, rotation, running
from support.matchers.faultless import is_just
from support.run.sentences import then, when
from support.scenario import agents, work


@when("the operator replaces the signing key while every user works and logs in again")
def _(world):
    rotation.replace_signing_key_while_used(world)


@when("the operator replaces the signing key with a grace period given in another time zone")
def _(world):
    rotation.replace_signing_key(world, rotation.GRACE_SECONDS, hours_from_utc=5.5)
    # Also those that nobody asks with the new key take it over, and may say more of it than they should.
    running.expect_everywhere(world)


@when("the signing key is replaced and {customer:User} logs in while the backend hangs, several times")
def _(world, customer):
    world.keep(effects.CrowdAnswers(rotation.ask_with_keys_not_read(world, customer)))


@then("the backend accepts each new access token at once")
def _(world):
    world.expect(world.kept(effects.CrowdAnswers).answers, effects.all_succeed())


@then("every service accepts {customer:Owner} access token until the grace period ends")
def _(world, customer):
    rotation.expect_accepted_to_the_end(world, customer)


@then("every service refuses {customer:Owner} access token afterwards")
def _(world, customer):
    look = partial(rotation.accepting, world, customer)
    world.eventually(look, is_just(frozenset()), running.RELOAD, "the services that accept the token")


@then("every service accepts a new access token of {customer:User}")
def _(world, customer):
    world.expect(rotation.accepting(world, rotation.newly_logged_in(world, customer)), is_just(rotation.SERVICES))


@when("the operator replaces the {store:Login} login while every user works")
def _(world, store):
    logins.replace_while_used(world, store)


@then("every service has stopped using the old database login in time")
def _(world):
    look = partial(logins.old_database_sessions, world)
    world.eventually(look, is_just([]), "start", "the sessions of the old database login")


@then("every service uses the new cache login after its connections were reset")
def _(world):
    logins.expect_new_cache_login(world)


@then("every user can work after the old {store:Login} login is locked")
def _(world, store):
    logins.lock(world, store)
    left = work.unfinished(world, world.users.customers, work.probe(agents.talkative(3)))
    world.expect(left, is_just([], "everybody's run completes"))


@when("the operator replaces the partner key")
def _(world):
    rotation.replace_partner_key(world)


@then("the partner sees only the new key in {customer:Owner} calls in time")
def _(world, customer):
    expected = is_just(frozenset({world.kept(rotation.PartnerKey).key}))
    look = partial(rotation.keys_seen_by_partner, world, customer)
    world.eventually(look, expected, running.RELOAD, "the keys that the partner sees")


@then("no process shows a secret in its command line or environment")
def _(world):
    world.expect(exposure.of_processes(world), exposure.shows_no_secret(world))


@then("no log, no health report and no metric contains a secret")
def _(world):
    world.expect(exposure.of_outputs(world), exposure.shows_no_secret(world))


@then("no process writes its memory to a disk when it crashes")
def _(world):
    world.expect(exposure.core_limits(world), is_just(dict.fromkeys(world.target.instances, "0")))
