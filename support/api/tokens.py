"""Tokens and sessions: tokens with one thing wrong, and sessions that are renewed, replayed or ended."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import jwt

from support.api import endpoints, owned_resources
from support.api.calls import Call, call_of
from support.api.owned_resources import OwnedResources
from support.configuration import running
from support.configuration.draft import facts
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.redaction import know_secret
from support.scenario import waiting
from support.scenario.sessions import log_in, new_token, short_session
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.signing import signing_of

_LIFE = 600
_REFRESH_TOKENS = "lifetime of refresh tokens"
_TEN_YEARS = 10 * 365 * 24 * 3600
_OTHER_ISSUER = "https://auth.elsewhere.test"


class InvalidToken(Enum):
    """What is wrong with a token, as a feature names it."""

    NONE = "no token"
    MALFORMED = "a malformed token"
    EXPIRED = "an expired token"
    FORGED = "a token with a forged signature"
    AUDIENCE = "a token for another audience"
    UNSIGNED = "an unsigned token"
    ENDED = "a token of a session that has ended"
    ENVIRONMENT = "a token of another environment"
    ISSUER = "a token of another issuer"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a session."""

    access: str | None
    refresh: str | None


@dataclass(frozen=True, slots=True)
class Renewal:
    """The response to the renewal of a session, and the tokens from before it."""

    before: TokenPair
    answer: Outcome


@dataclass(frozen=True, slots=True)
class OtherSession:
    """The access token of a user's session on another device."""

    token: str


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """For how many seconds a refresh token is valid."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Lives:
    """For how many seconds an access token is valid that was asked for with a long life, and an ordinary one."""

    of_long_one: float
    of_ordinary_one: float


def ask_for_ten_years(world: World, user: User) -> Lives:
    """The user logs in with a long life for the access token, and without; :raises NotShown: a log-in is refused."""
    lives = []
    for seconds in (_TEN_YEARS, None):
        login = world.platform.log_in(Anyone(), email=user.email, password=user.password, expires_in=seconds)
        claims = jwt.decode(login.require().access_token, options={"verify_signature": False})
        lives.append(float(claims["exp"] - claims["iat"]))
    return Lives(*lives)


def call_with(world: World, kind: InvalidToken) -> list[Call]:
    """Somebody calls every protected endpoint for the owner's resources, with an invalid token in the owner's name."""
    owned = world.kept(OwnedResources)
    token = invalid_token(world, kind, owned.owner)
    owned_resources.remember_stored(world, owned.owner.tenant)
    return endpoints.call_all(world, endpoints.protected(world), Anyone(token), owned.ids)


def invalid_token(world: World, kind: InvalidToken, user: User) -> str | None:
    """A token that claims to be the user's; None for no token at all."""
    match kind:
        case InvalidToken.NONE:
            return None
        case InvalidToken.MALFORMED:
            return "this.is.no-token"
        case InvalidToken.EXPIRED:
            short = short_session(world, user, 1)
            short.wait_out()
            return short.token
        case InvalidToken.ENDED:
            token = new_token(world, user)
            world.platform.log_out(Anyone(token)).require()
            return token
    return _minted(world, kind, user)


def _minted(world: World, kind: InvalidToken, user: User) -> str:
    """A token that the suite signs: the claims of the user's own but for one."""
    own = user.access_token or ""
    claims: dict[str, Any] = jwt.decode(own, options={"verify_signature": False})
    claims["exp"] = time.time() + _LIFE
    # Of a platform with one key tokens do not name it.
    header = {name: id for name, id in jwt.get_unverified_header(own).items() if name == "kid"}
    if kind is InvalidToken.UNSIGNED:
        return jwt.encode(claims, "", "none", headers=header)
    if kind is InvalidToken.FORGED:
        return jwt.encode(claims, secrets.token_urlsafe(48), "HS256", headers=header)
    if kind is InvalidToken.ENVIRONMENT:
        claims["iss"] = _OTHER_ISSUER
        return jwt.encode(claims, secrets.token_urlsafe(48), "HS256", headers={"kid": secrets.token_hex(4)})
    wrong = {"aud": "somebody-else"} if kind is InvalidToken.AUDIENCE else {"iss": _OTHER_ISSUER}
    signing = signing_of(world.addresses.run_dir)
    know_secret(signing.secret)
    return jwt.encode({**claims, **wrong}, signing.secret, "HS256", headers={"kid": signing.key_id})


def renew(world: World, user: User) -> Outcome:
    """The user renews the session with the refresh token, and uses the new tokens from then on, if there are any."""
    before = pair_of(user)
    answer = world.platform.refresh(user, before.refresh or "")
    world.keep(Renewal(before, answer))
    if answer.done:
        user.access_token, user.refresh_token = answer.value.access_token, answer.value.refresh_token
    return answer


def renewing(world: World, user: User) -> list[Call]:
    """The user renews the session."""
    return [call_of(renew(world, user))]


def reusing(world: World, user: User) -> list[Call]:
    """The refresh token from before the last renewal is used a second time, without any other token."""
    return [call_of(world.platform.refresh(Anyone(), world.kept(Renewal).before.refresh or ""))]


@dataclass(frozen=True, slots=True)
class Renewals:
    """The responses to a renewal with a fresh refresh token, and to one with a refresh token that has expired."""

    fresh: Outcome
    expired: Call


def shorten_refresh_tokens(world: World) -> None:
    """Have refresh tokens expire soon, in every service."""
    changed = running.change(world, lambda draft: draft.change(_REFRESH_TOKENS))
    running.expect_everywhere(world)
    world.keep(RefreshTokens(float(changed.value(facts(world).settings[_REFRESH_TOKENS].key))))


def renew_until_expired(world: World, user: User) -> Renewals:
    """The user logs in and renews that session at once, and again when the new refresh token has expired.

    :raises NotShown: the log-in is refused, or took so long that the first refresh token may have expired.
    """
    lifetime, began = world.kept(RefreshTokens).seconds, time.monotonic()
    fresh = world.platform.refresh(Anyone(), log_in(world, user).require().refresh_token)
    expired_at = time.monotonic() + lifetime
    if not fresh.done and time.monotonic() - began > lifetime - 1:
        raise NotShown("the first renewal came when its refresh token may have expired")
    waiting.wait_for(time.monotonic, lambda now: now > expired_at, lifetime + 1, "the refresh token's expiry")
    return Renewals(fresh, call_of(world.platform.refresh(Anyone(), fresh.value.refresh_token if fresh.done else "")))


def logging_out(world: World, user: User) -> list[Call]:
    """The user logs out.

    :raises NotShown: the platform refused.
    """
    answer = world.platform.log_out(user)
    answer.require()
    return [call_of(answer)]


def pair_of(user: User) -> TokenPair:
    """The user's present tokens."""
    return TokenPair(user.access_token, user.refresh_token)


def call_with_every_token(world: World, user: User) -> list[Call]:
    """The user calls every endpoint with the access token of the session, and renews it with the refresh token.

    :raises NotShown: the user has no refresh token.
    """
    if not user.refresh_token:
        raise NotShown(f"{user} has no refresh token")
    made = endpoints.call_with_own_token(world, user)
    return [*made, call_of(world.platform.refresh(user, user.refresh_token))]


SESSIONS: dict[str, Callable[[World, User], str | None]] = {
    "renewed session": lambda world, user: user.access_token,
    "session on another device": lambda world, user: world.kept(OtherSession).token,
}
"""The access tokens of a user's sessions, by the words of a feature."""
