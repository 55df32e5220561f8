"""Clients that connect to a customer's events, authorized or not, and sessions that end while a customer watches."""

from dataclasses import dataclass, field
from enum import Enum

from support.load import populations
from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.events import EventCapture
from support.scenario.sessions import new_token, short_session
from support.scenario.users import User
from support.scenario.world import World

_THIRD_PARTY = "https://app.elsewhere.test"


class EventClient(Enum):
    """A client that connects to a customer's events; the value is what a feature calls it."""

    PROGRAM = "a program with a valid token"
    OWN_WEBSITE = "the product's own website"
    NO_TOKEN = "a program without a token"
    EXPIRED = "a program with an expired token"
    FORGED = "a program with a forged token"
    SESSION_OVER = "a program with a token of a session that has ended"
    THIRD_PARTY = "a third-party website"
    LOOK_ALIKE = "a website whose address begins like the product's"
    HIDDEN = "a website that hides its address"

    @property
    def refusal(self) -> Meaning:
        """How the platform must refuse an unauthorized client."""
        is_website = self in (EventClient.THIRD_PARTY, EventClient.LOOK_ALIKE, EventClient.HIDDEN)
        return Meaning.PERMISSION_DENIED if is_website else Meaning.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt of a client to connect. ``answer``: what the platform answered; None: nothing."""

    client: EventClient
    capture: EventCapture
    answer: Meaning | None


@dataclass(frozen=True, slots=True)
class OtherDevice:
    """One more session of a user, on a device of its own, and the connection there."""

    token: str = field(repr=False)
    capture: EventCapture


def connect(world: World, client: EventClient, user: User) -> None:
    """A client tries to connect to the user's events; a browser cannot set the header that a program uses."""
    match client:
        case EventClient.PROGRAM:
            capture = world.try_to_watch(user, carrier="header")
        case EventClient.OWN_WEBSITE:
            capture = world.try_to_watch(user, website=world.platform.dialect.website, carrier="subprotocol")
        case EventClient.THIRD_PARTY:
            capture = world.try_to_watch(user, website=_THIRD_PARTY, carrier="subprotocol")
        case EventClient.LOOK_ALIKE:
            website = f"{world.platform.dialect.website}.elsewhere.test"
            capture = world.try_to_watch(user, website=website, carrier="subprotocol")
        case EventClient.HIDDEN:
            # As browsers do for framed pages, and for those that were read from a file.
            capture = world.try_to_watch(user, website="null", carrier="subprotocol")
        case EventClient.NO_TOKEN:
            capture = world.try_to_watch(user, anonymous=True)
        case _:
            capture = world.try_to_watch(user, token=_invalid_token(world, client, user))
    status = capture.handshake.status
    world.keep(Attempt(client, capture, world.platform.dialect.meaning(status) if status else None))


def _invalid_token(world: World, client: EventClient, user: User) -> str:
    if client is EventClient.EXPIRED:
        short = short_session(world, user, 1)
        short.wait_out()
        return short.token
    token = new_token(world, user)
    if client is EventClient.SESSION_OVER:
        world.platform.log_out(Anyone(token)).require()
        return token
    claims, _, signature = token.rpartition(".")
    return f"{claims}.{'A' * len(signature)}"


def ten_with_two_tabs(world: World) -> None:
    """Ten customers with servers in the cloud, each connected in two tabs."""
    populations.ten_with_servers(world)
    for user in world.users.customers:
        open_two_tabs(world, user)


def open_two_tabs(world: World, user: User) -> None:
    """The user watches in two tabs."""
    world.watch(user)
    world.watch(user)


def use_short_token(world: World, user: User) -> None:
    """The user continues with a token that expires soon."""
    user.access_token = world.keep(short_session(world, user)).token


def add_device(world: World, user: User) -> None:
    """The user logs in on another device, and watches there, too."""
    token = new_token(world, user)
    world.keep(OtherDevice(token, world.try_to_watch(user, token=token)))


def log_out(world: World, user: User) -> None:
    """The session of the user's tabs ends; they continue on the other device."""
    world.platform.log_out(user).require()
    user.access_token = world.kept(OtherDevice).token
