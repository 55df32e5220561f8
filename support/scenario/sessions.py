"""Sessions that begin and end while somebody watches, and strangers who show what they have picked up."""

import time
from dataclasses import dataclass
from enum import Enum

from support.platform.dialect import Meaning, TokenCarrier
from support.platform.driver import Anyone
from support.platform.events import EventCapture
from support.redaction import know_secret
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.world import World

_SHORT_LIFE = 2
"""Seconds: long enough to connect with, short enough to wait for."""
_FOREIGN_WEBSITE = "https://app.elsewhere.test"


class Place(Enum):
    """From where a customer uses the product, as a feature names it."""

    PROGRAM = "a program"
    WEBSITE = "the application's own website"

    @property
    def carrier(self) -> TokenCarrier:
        """How the token is shown: a browser can set no header on a live connection."""
        return "header" if self is Place.PROGRAM else "subprotocol"


class Stranger(Enum):
    """Who should not be let in, as a feature names them."""

    NO_TOKEN = "somebody without a token"
    EXPIRED = "somebody with an expired token"
    FORGED = "somebody with a forged token"
    SESSION_OVER = "somebody with the token of a session that is over"
    FOREIGN_WEBSITE = "a foreign website"

    @property
    def refusal(self) -> Meaning:
        """What the platform must say to them."""
        return Meaning.PERMISSION_DENIED if self is Stranger.FOREIGN_WEBSITE else Meaning.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class Attempt:
    """A stranger's attempt to watch."""

    stranger: Stranger
    capture: EventCapture


@dataclass(frozen=True, slots=True)
class ShortSession:
    """A token that expires; not before ``earliest`` (monotonic seconds), and certainly by ``latest``."""

    token: str
    earliest: float
    latest: float

    def wait_out(self) -> None:
        """Return once the token has expired."""
        waiting.wait_for(time.monotonic, lambda now: now > self.latest, _SHORT_LIFE + 1, "the token's expiry")


def new_token(world: World, user: User, expires_in: int | None = None) -> str:
    """The token of one more session of the user, beside the one that they have.

    :raises NotShown: the platform refused.
    """
    answer = world.platform.log_in(Anyone(), email=user.email, password=user.password, expires_in=expires_in)
    body = answer.require()
    for name in ("access_token", "refresh_token"):
        know_secret(body.get(name) or "")
    return str(body["access_token"])


def short_session(world: World, user: User, seconds: int = _SHORT_LIFE) -> ShortSession:
    """A session whose token expires soon."""
    asked = time.monotonic()
    token = new_token(world, user, seconds)
    return ShortSession(token, asked + seconds, time.monotonic() + seconds)


def watch_until_expiry(world: World, user: User) -> None:
    """The user watches with a token that expires soon."""
    short = short_session(world, user)
    user.access_token = short.token
    world.watch(user)
    world.facts["short session"] = short


def tries_to_watch(world: World, stranger: Stranger, user: User) -> Attempt:
    """A stranger tries to see the user's events."""
    match stranger:
        case Stranger.NO_TOKEN:
            capture = world.try_to_watch(user, anonymous=True)
        case Stranger.FOREIGN_WEBSITE:
            capture = world.try_to_watch(user, origin=_FOREIGN_WEBSITE, carrier="subprotocol")
        case _:
            capture = world.try_to_watch(user, token=_picked_up(world, stranger, user))
    return Attempt(stranger, capture)


def _picked_up(world: World, stranger: Stranger, user: User) -> str:
    if stranger is Stranger.EXPIRED:
        short = short_session(world, user, 1)
        short.wait_out()
        return short.token
    token = new_token(world, user)
    if stranger is Stranger.SESSION_OVER:
        world.platform.log_out(Anyone(token)).require()
        return token
    said, _, signature = token.rpartition(".")
    return f"{said}.{'A' * len(signature)}"


def on_another_device(world: World, user: User) -> None:
    """The user logs in once more, elsewhere, and watches there too."""
    token = new_token(world, user)
    world.facts["other device"] = token
    world.facts["other device's connection"] = world.try_to_watch(user, token=token)


def log_out(world: World, user: User) -> None:
    """The user's first session ends; with the other device they go on."""
    world.platform.log_out(user).require()
    user.access_token = world.recall("other device", str)


def connect_from(world: World, user: User, place: Place) -> None:
    """The user connects, whatever comes of it."""
    origin = world.platform.dialect.website if place is Place.WEBSITE else None
    world.try_to_watch(user, origin=origin, carrier=place.carrier)
