"""Settings change while customers work."""

from functools import partial

from support.configuration import effects, restarts, running
from support.matchers.faultless import is_just
from support.platform.runs import RunStatus
from support.run.sentences import given, then, when
from support.service_coordination.service_discovery import Processes


@given("many requests of {customer:User} at once use more than two database sessions")
def _(world, customer):
    effects.pool_in_use(world, customer)


@when("the operator changes settings five times while every user works")
def _(world):
    effects.change_while_used(world)


@then("{customer:User} is held to the new limit in every service in time")
def _(world, customer):
    look = partial(effects.limits_named, world, customer)
    world.eventually(look, effects.new_limit_everywhere(world), running.RELOAD, "the limits that services name")


@then("new customers can sign up once the operator opens it again")
def _(world):
    running.undo_changes(world)
    running.expect_sign_up(world, "")


@then("no service logs {customer:Owner} work any more")
def _(world, customer):
    look = partial(effects.writing, world, customer)
    world.eventually(look, is_just(frozenset()), running.RELOAD, "the services that log a customer's work")


@then("every service logs {customer:Owner} work once the log level is back")
def _(world, customer):
    running.undo_changes(world)
    look = partial(effects.writing, world, customer)
    world.eventually(look, is_just(effects.KINDS), running.RELOAD, "the services that log a customer's work")


@then("{customer:Owner} waiting run completes in time")
def _(world, customer):
    look = partial(effects.status_of_last_run, world, customer)
    world.eventually(look, is_just(RunStatus.COMPLETED), running.RELOAD, "the state of the waiting run")


@then("many requests of {customer:User} at once use at most two database sessions")
def _(world, customer):
    running.expect_everywhere(world)
    world.expect(effects.most_sessions(world, customer), effects.at_most(2))


@then("the next valid change takes effect in time")
def _(world):
    running.undo_changes(world)
    running.change(world, lambda draft: draft.set("version", "valid again"))
    running.expect_everywhere(world)


@then("every service that uses the {setting:Waiting} reports that it must be restarted")
def _(world, setting):
    expected = restarts.expected(world, setting)
    world.eventually(partial(restarts.needed, world), is_just(expected), running.RELOAD, "who must be restarted")


@then("the same services report the same after another change")
def _(world):
    before = restarts.needed(world)
    running.change(world, lambda draft: draft.set("version", "changed again"))
    running.expect_versions(world, "changed again")
    world.expect(restarts.needed(world), is_just(before))


@then("the restarted services run on the deployed file")
def _(world):
    restarts.restart(world)
    running.expect_everywhere(world)


@then("no process was restarted")
def _(world):
    world.expect(world.faults.processes(), is_just(world.kept(Processes).ids, "the same processes as before"))
