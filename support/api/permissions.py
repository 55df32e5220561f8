"""Everybody who has a role tries every door: first those that their rights close, then those that they open."""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest import equal_to

from support.api import access, endpoints, owned_resources
from support.api.owned_resources import Belongings
from support.api.rights import OPERATORS, permission_of, rights_of
from support.platform.examples import ANY_TEXT
from support.platform.openapi import Operation
from support.platform.outcome import Outcome
from support.scenario import planting
from support.scenario.users import Plan, Role, User
from support.scenario.world import World
from support.stores import rows
from support.tool_dispatcher import tool_registration

EVERYBODY = "people in every role"
TRIED = "doors tried in every role"
CHANGED = "changed by closed doors"
_COLLEAGUES = {"Ada": Role.ADMIN, "Ben": Role.MEMBER, "Cleo": Role.VIEWER}
# The operator's organisation has none.
_OF_CUSTOMERS = ("GET /v1/cloud-account", "GET /v1/allowance")
# An admin and the owner each remove one of them.
_REMOVABLE = ("Dan", "Eve")


@dataclass(frozen=True, slots=True)
class RoleTry:
    """A door that somebody in a role tried; ``roles`` are those that may pass, None when nobody has decided.

    ``permission`` is what the others lack; ``owned`` tells whether the person has something behind the door.
    """

    place: str
    role: str
    roles: frozenset[str] | None
    permission: str | None
    owned: bool
    answer: Outcome


def people_in_every_role(world: World, owner: User, plan: Plan) -> None:
    """Have the owner, a colleague in each role and the operator take part, each with things of their own.

    :raises NotShown: the platform refused one of them.
    """
    world.users.settle(owner, plan)
    planting.usage(world, owner.tenant)
    planting.cloud_account(world, owner)
    staff = [world.users.settle(world.users[f"{name} of {owner}"], role=role) for name, role in _COLLEAGUES.items()]
    removable = [world.users.settle(world.users[f"{name} of {owner}"], role=Role.VIEWER) for name in _REMOVABLE]
    customers = [
        owned_resources.things_of_ones_own(world, person, removable[person is owner]) for person in (owner, *staff)
    ]
    world.facts[EVERYBODY] = [
        *customers,
        Belongings(world.users.operator, {"user_id": removable[0].id, "name": ANY_TEXT}),
    ]


def try_every_door(world: World, owner: User) -> None:
    """Everybody tries what is closed to them, then what is open; notes what the closed doors have changed.

    Nobody can do anything after logging out, so that each of them leaves last.
    """
    published = endpoints.doors(world)
    # The operator adds a tool, which nobody withdraws where what follows breaks off.
    tool_registration.withdraw_at_the_end(world, ANY_TEXT)
    people: Sequence[Belongings] = world.recall(EVERYBODY, list)
    before = owned_resources.stored_of(world, owner.tenant)
    tried = [each for person in people for each in _try(world, person, [d for d in published if not _may(person, d)])]
    world.facts[CHANGED] = (before, owned_resources.stored_of(world, owner.tenant))
    # The colleagues come before the owner, who comes last of the organisation.
    for person in reversed(people):
        tried += _try(world, person, [door for door in published if _may(person, door)])
        world.users.log_in(person.owner)
        access.wait_for_runs(world, person.owner)
    # What was told to everyone must not reach those who connect for a later scenario.
    world.eventually(lambda: rows.waiting_to_be_told(world), equal_to(0), "notice delivery")
    world.facts[TRIED] = tried


def _owned(person: Belongings, door: Operation) -> bool:
    if {person.owner.role} == OPERATORS and door.place in _OF_CUSTOMERS:
        return False
    return all(name in person.ids for name in door.names("path"))


def _may(person: Belongings, door: Operation) -> bool:
    return person.owner.role in (rights_of(door) or ())


def _try(world: World, person: Belongings, chosen: Sequence[Operation]) -> list[RoleTry]:
    tried = [endpoints.try_door(world, door, person.owner, person.ids) for door in chosen]
    return [
        RoleTry(each.place, person.owner.role, rights_of(door), permission_of(door), _owned(person, door), each.answer)
        for door, each in zip(chosen, tried, strict=True)
    ]
