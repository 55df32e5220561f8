"""Accounts: logging in on another device, signing up with an address that is taken, and accepting invitations."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hamcrest.core.matcher import Matcher

from support.load.http_crowd import side_by_side
from support.matchers.faultless import is_just
from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.platform.values import Account
from support.scenario.assets import Asset
from support.scenario.users import PEOPLE, Role, User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened, rows
from support.stores.locks import Hold

_ACT = "select set_config('app.tenant_id', %s, true)"
_EXPIRE = "update invitations set expires_at = now() - interval '1 second' where email = %s"


# -- one account for each address -------------------------------------------------------------------------------------


def sign_up_internationally(world: World, user: User) -> None:
    """The user becomes a customer under an address with letters that are no ASCII."""
    user.email = f"zoë@bücher-{user.tenant.name}-{user.tenant.account_id}.example"
    world.users.settle(user)


def sign_up_unusually(world: World, user: User) -> Outcome:
    """The user asks for an account under an address with signs in it, and with a password that ends with a space."""
    user.email = f"ann.o'neil+{user.tenant.account_id}@{user.tenant.name}.example"
    user.password = f"{user.password} ½ "
    return world.platform.sign_up(
        user,
        organisation=user.tenant.name,
        email=user.email,
        password=user.password,
        plan=user.tenant.plan.wire,
    )


def _in_another_spelling(address: str) -> str:
    """The same address as another keyboard and another program write it: decomposed, its domain in Punycode."""
    mailbox, _, domain = address.partition("@")
    return f" {unicodedata.normalize('NFD', mailbox.upper())}@{domain.encode('idna').decode()} "


def log_in_elsewhere(typed: Callable[[str], str], world: World, user: User) -> Outcome:
    """The user logs in on a device of its own, with the address as it is typed there, and asks who they are.

    The outcome is that of the last request: of the log-in, when that was refused.
    """
    device = Anyone()
    answer = world.platform.log_in(device, email=typed(user.email), password=user.password)
    if not answer.done:
        return answer
    device.access_token = answer.value.access_token
    return world.platform.me(device)


def _ask_for_account(world: World, user: User, email: str) -> Outcome:
    return world.platform.sign_up(
        user,
        organisation=user.tenant.name,
        email=email,
        password=user.password,
        plan=user.tenant.plan.wire,
        display_name=user.alias,
    )


def sign_up_under_address_of(world: World, newcomer: User, user: User) -> Outcome:
    """Somebody asks for an account with a customer's address, in different capitalisation, and the same password."""
    newcomer.password = user.password
    return _ask_for_account(world, newcomer, user.email.swapcase())


@dataclass(frozen=True, slots=True)
class SignUps:
    """People who asked for an account, and what each was told."""

    people: Sequence[User]
    outcomes: Sequence[Outcome]


def sign_up_together(world: World, people: Sequence[User]) -> SignUps:
    """Some people ask for accounts under the address of the first, all of them at the same moment."""
    asks = [partial(_ask_for_account, world, user, people[0].email) for user in people]
    return SignUps(people, side_by_side(Hold(world).table("users"), *asks))


def sign_up_around_outage(world: World, user: User) -> SignUps:
    """The user asks for an account while nobody reaches the database, and once more when it is back."""
    ask = partial(_ask_for_account, world, user, user.email)
    world.faults.cut_off(Component.DATABASE)
    first = ask()
    world.faults.heal(Component.DATABASE)
    world.outcome = world.eventually(
        ask, lambda again: again.meaning is not Meaning.UNAVAILABLE, "service back", "sign-up"
    )
    return SignUps([user], [first, world.outcome])


def stored_of_all(world: World, people: Sequence[User]) -> tuple[int, int]:
    """How many accounts there are under the first one's address, and how many organisations of their names."""
    return len(rows.accounts(world, people[0])), sum(rows.organisations(world, user) for user in people)


def account_in(outcome: Outcome) -> Any:
    """The account that the platform answers; the refusal, where it refused."""
    return outcome.value if outcome.done else str(outcome)


def is_account_of(user: User) -> Matcher[Any]:
    """The account as the user asked for it at sign-up."""
    tenant = user.tenant
    return is_just(
        Account(user.id, tenant.id, user.email, user.alias, "owner", tenant.name, tenant.plan.wire), "the account"
    )


ACCOUNTS = {"one account": 1, "no account": 0}


def stored_accounts(world: World, user: User) -> dict[str, Any]:
    """The accounts under the user's address, in whatever capitalisation, and the organisations of the user's name."""
    return {"accounts": rows.accounts(world, user), "organisations": rows.organisations(world, user)}


def expected_accounts(user: User, count: int) -> dict[str, Any]:
    """What :func:`stored_accounts` has to give for a user with so many accounts."""
    return {"accounts": [(user.id, user.tenant.id)] * count, "organisations": count}


# -- invitations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """The token of an invitation, and who was a member before it is accepted (once more)."""

    token: str
    members: list[str]


@dataclass(frozen=True, slots=True)
class FormerAccount:
    """The account of somebody who has been removed since."""

    id: str


REASONS = {
    "the email address is taken": "conflict",
    "the invitation has expired": "invitation_expired",
    "the invitation has already been accepted": "invitation_used",
    "the invitation is from before a removal": "invitation_expired",
}
"""Why a sign-up is refused, as a feature says it, with the published code of the refusal."""


def _expire(world: World, person: User, token: str) -> None:
    with opened.as_platform(world) as connection:
        connection.execute(_ACT, [person.tenant.id])
        if connection.execute(_EXPIRE, [person.email]).rowcount != 1:
            raise NotShown(f"there is no invitation of {person} to expire")


def _accept(world: World, person: User, token: str) -> Outcome:
    return world.platform.accept_invitation(person, token=token, password=person.password, display_name=person.alias)


def _invited(spend: Callable[[World, User, str], None]) -> Asset:
    """An invitation by the owner, after which something happens to it."""

    def invite(world: World, person: User) -> None:
        owner = _owner_of(world, person)
        token = world.platform.invite(owner, email=person.email, role=Role.MEMBER.value).require().token
        spend(world, person, token)
        world.keep(Invitation(token, members(world, owner)))

    return invite


_invite_again = _invited(lambda *invited: None)


def _invited_after_removal(world: World, person: User) -> None:
    """The person was a member, was removed, and is invited again."""
    owner = _owner_of(world, person)
    world.users.settle(person)
    world.platform.create_thread(person, "Before the removal").require()
    world.keep(FormerAccount(person.id))
    world.platform.remove_member(owner, person.id).require()
    _invite_again(world, person)


def _invited_before_removal(world: World, person: User) -> None:
    """The person was invited twice, joined by the second invitation, and was removed."""
    owner = _owner_of(world, person)
    first, second = (
        world.platform.invite(owner, email=person.email, role=Role.MEMBER.value).require().token for _ in range(2)
    )
    joined = _accept(world, person, second).require()
    world.platform.remove_member(owner, joined.user_id).require()
    world.keep(Invitation(first, members(world, owner)))


def _refused_while_taken(world: World, person: User) -> None:
    """The person accepted an invitation while another organisation had an account under the same address.

    :raises NotShown: it was not refused.
    """
    _invite_again(world, person)
    elsewhere = next(each for each in world.users.owners(2) if each.tenant is not person.tenant)
    same = world.users[f"{PEOPLE[0]} of {elsewhere.alias}"]
    same.email = person.email
    world.users.settle(same)
    refused = accept_invitation(world, person)
    if refused.meaning is not Meaning.CONFLICT:
        raise NotShown(f"an invitation under an address that is taken is accepted: {refused}")
    world.platform.remove_member(_owner_of(world, same), same.id).require()


def found_on_return(world: World, person: User) -> list[str]:
    """The titles of the conversations that somebody finds who logs in on a device of its own; a refusal where there is
    one.
    """
    device = Anyone()
    session = world.platform.log_in(device, email=person.email, password=person.password)
    if not session.done:
        return [str(session)]
    device.access_token = session.value.access_token
    listed = world.platform.threads(device)
    return [thread.title for thread in listed.value.items] if listed.done else [str(listed)]


ASSETS: dict[str, Asset] = {
    "an invitation from after a removal": _invited_after_removal,
    "an invitation that was refused while the email address was taken": _refused_while_taken,
    "an invitation that is from before a removal": _invited_before_removal,
    "an invitation that has expired": _invited(_expire),
    "an invitation that has already been accepted": _invited(lambda *invited: _accept(*invited).require()),
}


def accept_invitation(world: World, person: User) -> Outcome:
    """The person signs up with the invitation."""
    return _accept(world, person, world.kept(Invitation).token)


def members(world: World, owner: User) -> list[str]:
    """The ids of everybody in the owner's organisation."""
    return [member.user_id for member in world.platform.members(owner).require().items]


def _owner_of(world: World, person: User) -> User:
    return world.users.settle(world.users[person.tenant.alias])


ACTIONS: dict[str, Callable[[World, User], Outcome]] = {
    "logs in on another device, with the email address in different capitalisation": partial(
        log_in_elsewhere, str.swapcase
    ),
    "logs in on another device, with the email address in another spelling": partial(
        log_in_elsewhere, _in_another_spelling
    ),
    "accepts the invitation": accept_invitation,
}
