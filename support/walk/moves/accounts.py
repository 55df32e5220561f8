"""Accounts and sessions: people come, go, log in and out."""

import random

from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.scenario.users import ORGANISATIONS, PEOPLE, Plan, Role
from support.walk.attempts import is_out
from support.walk.people import MANAGERS, Ground, Person, came, one_of
from support.walk.walking import Stumble

DONE, DENIED, UNKNOWN = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.NOT_FOUND
CONFLICT, UNAUTHENTICATED = Meaning.CONFLICT, Meaning.UNAUTHENTICATED
_PLANS = (Plan.EARLY, Plan.MID, Plan.ENTERPRISE)  # the Free plan's rate limit would end the walk
_ORGANISATIONS = 4


def signs_up(ground: Ground, choices: random.Random) -> str | None:
    """An organisation comes, with a plan."""
    if len(ground.organisations) == min(_ORGANISATIONS, len(ORGANISATIONS)):
        return None
    _knocks(ground, ORGANISATIONS[len(ground.organisations)], choices)
    organisation = ground.found(choices.choice(_PLANS))
    return f"{organisation.alias} signs up with the plan {organisation.plan.value}"


def _knocks(ground: Ground, alias: str, choices: random.Random) -> None:
    """Somebody may try to log in before there is an account."""
    if choices.random() < 0.5:
        user = ground.world.users[alias]
        early = ground.world.platform.log_in(Anyone(), email=user.email, password=user.password)
        came(f"{user} logs in without an account", early, UNAUTHENTICATED)


def joins(ground: Ground, choices: random.Random) -> str | None:
    """An invited colleague comes, in some role."""
    open_ones = [each for each in ground.organisations if each.ever < len(PEOPLE)]
    organisation = one_of(choices, open_ones)
    if organisation is None:
        return None
    _knocks(ground, f"{PEOPLE[organisation.ever]} of {organisation.alias}", choices)
    person = ground.join(organisation, choices.choice([Role.ADMIN, Role.MEMBER, Role.VIEWER]))
    return f"{person} joins as {person.role.value}"


def is_removed(ground: Ground, choices: random.Random) -> str | None:
    """A colleague is removed, and is out at once."""
    by = one_of(choices, ground.people)
    others = [each for each in by.organisation.people if each is not by] if by else []
    leaving = one_of(choices, others)
    if by is None or leaving is None:
        return None
    sentence = f"{by} ({by.role.value}) removes {leaving} ({leaving.role.value})"
    outcome = ground.world.platform.remove_member(by.user, leaving.user.id)
    if by.role not in MANAGERS:
        return came(sentence, outcome, DENIED)
    if leaving.role is Role.OWNER:
        return came(sentence, outcome, CONFLICT)
    told = came(sentence, outcome, DONE)
    leaving.organisation.people.remove(leaving)
    is_out(ground, leaving, choices, "removed")
    leaving.user.access_token = None
    return told


def changes_the_plan(ground: Ground, choices: random.Random) -> str | None:
    """An organisation changes its plan."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    plan = choices.choice(_PLANS)
    sentence = f"{person} ({person.role.value}) changes the plan to {plan.value}"
    outcome = ground.world.platform.change_plan(person.user, plan.wire)
    if person.role is not Role.OWNER:
        return came(sentence, outcome, DENIED)
    told = came(sentence, outcome, DONE)
    person.organisation.plan = person.user.tenant.plan = plan
    me = ground.world.platform.me(person.user)
    came(f"{person} reads the account", me, DONE)
    if me.value.plan != plan.wire:
        raise Stumble(sentence, [f"the account has the plan {me.value.plan}"])
    return told


def logs_out_and_in(ground: Ground, choices: random.Random) -> str | None:
    """A session ends, another begins."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    platform = ground.world.platform
    told = came(f"{person} logs out", platform.log_out(person.user), DONE)
    is_out(ground, person, choices, "logged out")
    _log_in(ground, person)
    return f"{told}, and in again"


def renews_the_session(ground: Ground, choices: random.Random) -> str | None:
    """A session goes on with its refresh token."""
    person = one_of(choices, ground.people)
    if person is None or person.user.refresh_token is None:
        return None
    outcome = ground.world.platform.refresh(person.user, person.user.refresh_token)
    told = came(f"{person} renews the session", outcome, DONE)
    person.spent.append(person.user.refresh_token)
    person.user.access_token, person.user.refresh_token = outcome.value.access_token, outcome.value.refresh_token
    return told


def uses_an_old_token_again(ground: Ground, choices: random.Random) -> str | None:
    """A refresh token that was spent is used again: the session ends."""
    person = one_of(choices, [each for each in ground.people if each.spent])
    if person is None:
        return None
    number = choices.randrange(len(person.spent))
    platform = ground.world.platform
    sentence = f"{person} uses the refresh token before the last {len(person.spent) - number} again"
    told = came(sentence, platform.refresh(person.user, person.spent[number]), UNAUTHENTICATED)
    is_out(ground, person, choices, "whose session has ended")
    _log_in(ground, person)
    return told


def reads_the_account(ground: Ground, choices: random.Random) -> str | None:
    """Everybody finds their role, their plan and their organisation's people as they are."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    platform, organisation = ground.world.platform, person.organisation
    sentence = f"{person} reads the account"
    me, members = platform.me(person.user), platform.members(person.user)
    came(sentence, me, DONE)
    came(f"{person} lists the members", members, DONE)
    shown = (me.value.email, me.value.role, me.value.plan, me.value.organisation)
    expected = (person.user.email, person.role.value, organisation.plan.wire, person.user.tenant.name)
    if shown != expected:
        raise Stumble(sentence, [f"it reads {shown}, not {expected}"])
    listed = {each.email: each.role for each in members.value.items}
    people = {each.user.email: each.role.value for each in organisation.people}
    if listed != people:
        raise Stumble(f"{person} lists the members", [f"they are {listed}, not {people}"])
    return sentence


def invites_in_vain(ground: Ground, choices: random.Random) -> str | None:
    """Nobody is invited by those who may not, and no address joins or signs up twice."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    platform = ground.world.platform
    member = choices.choice(ground.people)
    sentence = f"{person} ({person.role.value}) invites {member}, who has an account"
    outcome = platform.invite(person.user, email=member.user.email, role=Role.MEMBER.value)
    told = came(sentence, outcome, DONE if person.role in MANAGERS else DENIED)
    for _ in range(2 if outcome.done else 0):
        joined = platform.accept_invitation(Anyone(), token=outcome.value.token, password=member.user.password)
        came(f"{member} accepts", joined, CONFLICT)
    again = platform.sign_up(
        Anyone(), organisation="Another", email=member.user.email, password=member.user.password, plan="mid"
    )
    came(f"somebody signs up with the address of {member}", again, CONFLICT)
    return told


def _log_in(ground: Ground, person: Person) -> None:
    ground.world.users.log_in(person.user)
    person.spent.clear()


def comes_or_leaves(ground: Ground, choices: random.Random) -> str | None:
    """Somebody watches the events, loses the line, comes back, or leaves."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    user, world = person.user, ground.world
    if not user.captures:
        world.watch(user)
        return f"{person} watches events"
    capture = user.captures[0]
    if capture.is_open and choices.random() < 0.5:
        capture.drop()
        return f"{person}'s connection drops"
    shake = capture.reconnect(within=world.budgets.limit("reconnect"))
    if not shake.accepted:
        raise Stumble(f"{person} comes back", [f"the connection is refused: {shake}"])
    return f"{person} comes back"
