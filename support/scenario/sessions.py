"""Further sessions of a user, and how long their tokens are valid."""

import time
from dataclasses import dataclass, field

from support.platform.capabilities import Capability
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.world import World

_SHORT_LIFE = 2
"""Seconds: long enough to connect with, short enough to wait for."""


@dataclass(frozen=True, slots=True)
class ShortSession:
    """A session whose token expires; not before ``earliest`` (monotonic seconds), and certainly by ``latest``."""

    token: str = field(repr=False)
    earliest: float
    latest: float

    def wait_out(self) -> None:
        """Return once the token has expired."""
        waiting.wait_for(time.monotonic, lambda now: now > self.latest, _SHORT_LIFE + 1, "the token's expiry")


def new_token(world: World, user: User, expires_in: int | None = None) -> str:
    """The token of one more session of the user, beside the one that they have.

    :param expires_in: seconds for which it is to be valid; None: as long as the platform sees fit.
    :raises NotShown: the platform refused.
    """
    return str(log_in(world, user, expires_in).require().access_token)


def log_in(world: World, user: User, expires_in: int | None = None) -> Outcome:
    """One more log-in of the user's."""
    return world.platform.log_in(Anyone(), email=user.email, password=user.password, expires_in=expires_in)


def short_session(world: World, user: User, seconds: int = _SHORT_LIFE) -> ShortSession:
    """A session whose token expires soon.

    :raises NotShown: the platform refused.
    """
    requested = time.monotonic()
    token = new_token(world, user, seconds)
    latest = time.monotonic() + seconds
    # A platform may remember a token that was good once. Whether it still is by now is nobody's concern here.
    if Capability.ACCOUNTS in world.target.capabilities:
        world.platform.me(Anyone(token))
    world.platform.agents(Anyone(token))
    return ShortSession(token, requested + seconds, latest)
