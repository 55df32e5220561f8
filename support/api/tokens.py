"""Tokens that must open no door, each with one thing wrong, and the tokens of sessions that go on or are over."""

import secrets
import time
from enum import Enum
from typing import Any

import jwt

from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.redaction import know_secret
from support.scenario.sessions import new_token, short_session
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.signing import signing_of

OTHER_SESSION = "other session"
FORMER = "former tokens"
_LIFE = 600


class BadToken(Enum):
    """What is wrong with it, as a feature names it."""

    NONE = "no token"
    MALFORMED = "a malformed token"
    EXPIRED = "an expired token"
    FORGED = "a token with a forged signature"
    AUDIENCE = "a token meant for somebody else"
    UNSIGNED = "an unsigned token"
    OVER = "a token of a session that is over"
    ENVIRONMENT = "a token of another environment"
    ISSUER = "a token of another issuer"


def bad_token(world: World, kind: BadToken, user: User) -> str | None:
    """A token that says it is the user's; None for no token at all."""
    match kind:
        case BadToken.NONE:
            return None
        case BadToken.MALFORMED:
            return "this.is.no-token"
        case BadToken.EXPIRED:
            short = short_session(world, user, 1)
            short.wait_out()
            return short.token
        case BadToken.OVER:
            token = new_token(world, user)
            world.platform.log_out(Anyone(token)).require()
            return token
    return _minted(world, kind, user)


def _minted(world: World, kind: BadToken, user: User) -> str:
    """A token that the suite signs: what the user's own says, but for one thing."""
    own = user.access_token or ""
    claims: dict[str, Any] = jwt.decode(own, options={"verify_signature": False})
    claims["exp"] = time.time() + _LIFE
    header = {"kid": jwt.get_unverified_header(own).get("kid")}
    if kind is BadToken.UNSIGNED:
        return jwt.encode(claims, "", "none", headers=header)
    if kind is BadToken.FORGED:
        return jwt.encode(claims, secrets.token_urlsafe(48), "HS256", headers=header)
    if kind is BadToken.ENVIRONMENT:
        claims["iss"] = "https://auth.elsewhere.test"
        return jwt.encode(claims, secrets.token_urlsafe(48), "HS256", headers={"kid": secrets.token_hex(4)})
    wrong = {"aud": "somebody-else"} if kind is BadToken.AUDIENCE else {"iss": "https://auth.elsewhere.test"}
    signing = signing_of(world.addresses.run_dir)
    know_secret(signing.secret)
    return jwt.encode({**claims, **wrong}, signing.secret, "HS256", headers={"kid": signing.key_id})


def go_on(world: World, user: User) -> Outcome:
    """The user asks for new tokens with the refresh token, and uses those from now on where they are given."""
    former = user.refresh_token or ""
    answer = world.platform.refresh(user, former)
    if answer.done:
        for name in ("access_token", "refresh_token"):
            know_secret(answer.body[name])
        world.facts[FORMER] = former
        user.access_token, user.refresh_token = answer.body["access_token"], answer.body["refresh_token"]
    return answer


def refresh_again(world: World) -> Outcome:
    """Somebody shows the refresh token that the user has used already."""
    return world.platform.refresh(Anyone(), world.recall(FORMER, str))


def pair_of(user: User) -> tuple[str | None, str | None]:
    """The user's access and refresh token."""
    return user.access_token, user.refresh_token


def on_other_device(world: World) -> bool:
    """Whether the user is let in with the token of the other session."""
    return world.platform.me(Anyone(world.recall(OTHER_SESSION, str))).done


def refresh(world: World, user: User) -> Outcome:
    """The user shows the newest refresh token.

    :raises NotShown: the user has none.
    """
    if not user.refresh_token:
        raise NotShown(f"{user} has no refresh token")
    return world.platform.refresh(user, user.refresh_token)
