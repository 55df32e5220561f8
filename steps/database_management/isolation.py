"""Concurrent transactions do not disturb each other."""

from support.database_management import isolation
from support.database_management.isolation import Changed, Looks
from support.database_management.serial_order import equals_a_serial_order
from support.matchers.faultless import is_just
from support.matchers.outcomes import succeeds
from support.run.sentences import then, when


@when("{people:Users} request {at_once:ChangesAtOnce} at the same time")
def _(world, people, at_once):
    world.keep(isolation.request_at_once(world, people, at_once))


@then("the result is as if one change had come after the other")
def _(world):
    changed = world.kept(Changed)
    world.expect(changed.result, equals_a_serial_order(changed.start, changed.operations))


@when("{viewer:User} looks at the allowance while {customer:Owner} {shared:SharedChange} is unfinished")
def _(world, viewer, customer, shared):
    world.keep(isolation.look_meanwhile(world, viewer, customer, shared))


@then("{viewer:User} sees nothing of the change while it is unfinished")
def _(world, viewer):
    looks = world.kept(Looks)
    world.expect(looks.during, is_just([looks.before] * len(looks.during)), str(viewer))


@then("{viewer:User} sees the change after it")
def _(world, viewer):
    world.expect(world.last_outcome, succeeds())
    world.expect(world.kept(Looks).after, is_just(world.kept(Looks).expected), str(viewer))
