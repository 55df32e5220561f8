"""Invitations that are of no use any more, and who comes with one all the same."""

from enum import Enum

import psycopg

from support.platform.outcome import Outcome
from support.redaction import know_secret
from support.scenario.users import Role, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

MEMBERS = "members before"

_ACT = "select set_config('app.tenant_id', %s, true)"
_EXPIRE = "update invitations set expires_at = now() - interval '1 second' where email = %s"


class Spent(Enum):
    """Why an invitation is of no use any more, as a feature says it."""

    EXPIRED = "has expired"
    USED = "has been accepted already"

    @property
    def code(self) -> str:
        return "invitation_expired" if self is Spent.EXPIRED else "invitation_used"


def come_with(world: World, person: User, spent: Spent) -> None:
    """Somebody is invited by the owner, the invitation is spent, and they accept it; notes who was a member before.

    :raises NotShown: the platform refused the invitation, or it could not be spent.
    """
    owner = world.users.settle(world.users[person.alias.rpartition(" of ")[2]])
    token = world.platform.invite(owner, email=person.email, role=Role.MEMBER.value).require()["token"]
    know_secret(token)
    if spent is Spent.EXPIRED:
        _expire(world, owner, person)
    else:
        _accept(world, person, token).require()
    world.facts[MEMBERS] = members(world, owner)
    world.outcome = _accept(world, person, token)


def members(world: World, owner: User) -> list[str]:
    """The ids of everybody in the owner's organisation."""
    return [member["id"] for member in world.platform.members(owner).require()["items"]]


def _accept(world: World, person: User, token: str) -> Outcome:
    return world.platform.accept_invitation(person, token=token, password=person.password, display_name=person.alias)


def _expire(world: World, owner: User, person: User) -> None:
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute(_ACT, [owner.tenant.id])
        if connection.execute(_EXPIRE, [person.email]).rowcount != 1:
            raise NotShown(f"there is no invitation of {person} to expire")
