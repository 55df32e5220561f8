"""Signing keys and partner keys that are replaced while the platform is used."""

import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from hamcrest import equal_to, is_not

from support.configuration.draft import Draft, facts
from support.configuration.effects import ASKED_AFTERWARDS, CrowdAnswers, asks, crowd_at_work, work_again
from support.configuration.running import RELOAD, change, deployed, expect_everywhere
from support.matchers.faultless import is_just
from support.platform.components import Component
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.redaction import know_secret
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

GRACE_SECONDS = 4.0
_LONG_SECONDS = 600.0
_MARGIN, _HANGS = 0.5, 4
SERVICES = frozenset({"auth", "backend", "analytics"})
"""Who looks at customers' access tokens."""


@dataclass(frozen=True, slots=True)
class GracePeriod:
    """Until when (Unix seconds) the replaced key is accepted."""

    ends_at: float


@dataclass(frozen=True, slots=True)
class PartnerKey:
    """The partner key that was deployed last."""

    key: str


def replace_signing_key(world: World, grace_seconds: float, hours_from_utc: float = -8) -> None:
    """Have tokens signed with a new key; the former one is accepted for so long. Its end is written in local time:
    read without the offset from UTC, it would be too early where this is negative, and too late where it is positive.
    """
    ends_at = datetime.now(timezone(timedelta(hours=hours_from_utc))) + timedelta(seconds=grace_seconds)
    change(world, partial(_with_new_key, ends_at))
    world.keep(GracePeriod(ends_at.timestamp()))


def _with_new_key(ends_at: datetime, draft: Draft) -> None:
    new = {"id": secrets.token_hex(4), "secret": new_secret()}
    former = [{"accepted_until": ends_at.isoformat(), **key} for key in _keys(draft)]
    draft.secrets[draft.facts.file_of(draft.facts.signing_keys)] = json.dumps([new, *former])


def new_secret() -> str:
    """A secret that no report shows."""
    secret = secrets.token_urlsafe(36)
    know_secret(secret)
    return secret


def _keys(draft: Draft) -> list[dict[str, Any]]:
    written = draft.secrets.get(draft.facts.file_of(draft.facts.signing_keys))
    keys: list[dict[str, Any]] = json.loads(written) if written else draft.value(draft.facts.signing_keys)
    return keys


def ask_with_keys_not_read(world: World, user: User) -> list[Outcome]:
    """Several times the key is replaced, and the user logs in, while the backend hangs. Once it goes on, it is asked
    with the new token, most often before it has looked at its files by itself.
    """
    deployed(world)
    answers = []
    for _ in range(_HANGS):
        before = _checksum_of_auth(world)
        world.faults.freeze(Component.API)
        replace_signing_key(world, _LONG_SECONDS)
        read = partial(_checksum_of_auth, world)
        world.eventually(read, is_not(equal_to(before)), RELOAD, "another checksum of the auth service")
        bearer = newly_logged_in(world, user)
        world.faults.thaw(Component.API)
        answers.append(world.platform.agents(bearer))
        expect_everywhere(world)
    return answers


def _checksum_of_auth(world: World) -> str:
    said = world.platform.running_configuration(Anyone(), world.addresses.instances["auth"]).require()
    return str(said.checksum)


def replace_signing_key_while_used(world: World) -> None:
    """Everybody asks without a pause; during the change everybody also logs in, and uses the new token everywhere."""
    people = world.users.customers
    crowd = crowd_at_work(world, people)
    everywhere = threading.Event()
    with ThreadPoolExecutor(len(people)) as together:
        using = [together.submit(_log_in_and_use, world, user, everywhere) for user in people]
        try:
            replace_signing_key(world, _LONG_SECONDS)
            expect_everywhere(world)
        finally:
            everywhere.set()
        answers = [answer for each in using for answer in each.result()]
    answers += work_again(world, people)
    world.keep(CrowdAnswers([*answers, *(answer for _, answer in crowd.answers(ASKED_AFTERWARDS))]))


def _log_in_and_use(world: World, user: User, everywhere: threading.Event) -> list[Outcome]:
    """Again and again, and once more when all services have the new key."""
    answers: list[Outcome] = []
    is_last = False
    while not is_last:
        is_last = everywhere.is_set()
        session = world.platform.log_in(Anyone(), email=user.email, password=user.password)
        answers.append(session)
        if session.done:
            answers += [ask() for ask in asks(world, Anyone(session.value.access_token)).values()]
    return answers


def accepting(world: World, who: Any) -> frozenset[str]:
    """The services that accept the caller's access token."""
    return frozenset(name for name, ask in asks(world, who).items() if ask().done)


def newly_logged_in(world: World, user: User) -> Anyone:
    """A caller with a token of a session that the user has opened now.

    :raises NotShown: the user cannot log in.
    """
    session = world.platform.log_in(Anyone(), email=user.email, password=user.password).require()
    return Anyone(session.access_token)


def expect_accepted_to_the_end(world: World, user: User) -> None:
    """Watch that every service accepts the user's token until shortly before the grace period ends.

    :raises AssertionError: one refuses it earlier.
    :raises NotShown: nothing of the period is left to be watched.
    """
    expect_everywhere(world)
    left = world.kept(GracePeriod).ends_at - time.time() - _MARGIN
    if left <= 0:
        raise NotShown("the grace period was over before every service had the new key")
    world.holds_while(partial(accepting, world, user), is_just(SERVICES), left, "the old token is accepted")


def replace_partner_key(world: World) -> None:
    """Have another key shown to the partner."""
    key = new_secret()
    change(world, lambda draft: draft.secrets.update({draft.facts.file_of(draft.facts.partner_key): key}))
    world.keep(PartnerKey(key))


def keys_seen_by_partner(world: World, user: User) -> frozenset[str]:
    """The keys in the requests of one more run of the user."""
    path = own_path(user)
    before = len(world.partner.calls(path))
    world.ended(world.running(user, agents.PROBE, input=agents.fetching(path)))
    header = facts(world).partner_header
    return frozenset(call.headers.get(header, "none") for call in world.partner.calls(path)[before:])
