"""Customers' sessions that end in every way, with the requests and live connections that they had."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from support.load.http_crowd import CrowdRequest, HttpCrowd, side_by_side
from support.platform.driver import Anyone
from support.platform.events import EventCapture
from support.platform.outcome import Outcome
from support.scenario.sessions import new_token
from support.scenario.users import User
from support.scenario.world import World
from support.stores.locks import Hold

SIZES = {"full": 25, "small": 15}
"""How many sessions end in one way, by the run's profile: four ways are a hundred."""
_AT_ONCE, _CUT_OFF = 5, 4


def log_out(world: World, user: User, sessions: list[tuple[str, EventCapture]]) -> None:
    """Each session is ended by its customer."""
    for token, _ in sessions:
        world.platform.log_out(Anyone(token)).require()


def close(world: World, user: User, sessions: list[tuple[str, EventCapture]]) -> None:
    """Each browser is closed in order."""
    for _, capture in sessions:
        capture.close()


def lose(world: World, user: User, sessions: list[tuple[str, EventCapture]]) -> None:
    """The network resets all connections at once."""
    world.own_link(user).cut("reset")


def crash(world: World, user: User, sessions: list[tuple[str, EventCapture]]) -> None:
    """The customer's program is killed while its requests wait in the database, and the connections are lost."""
    hold = Hold(world).rows(user.tenant, "allowances")
    expense = CrowdRequest(user, lambda platform, who: platform.book_expense(who, "1.00", "Never told"))
    program = HttpCrowd(world, {str(number): [expense] for number in range(_CUT_OFF)})
    hold.wait_for(_CUT_OFF)
    program.kill()
    lose(world, user, sessions)
    hold.release()


ENDINGS: dict[str, Callable[[World, User, list[tuple[str, EventCapture]]], None]] = {
    "by a log-out": log_out,
    "when the browser is closed": close,
    "when the network drops": lose,
    "by a crash during requests": crash,
}


def end_many(world: World, user: User, ending: Callable[..., None]) -> None:
    """Open as many sessions as the profile says, each with a live connection, and have all of them end."""
    world.own_link(user)
    with ThreadPoolExecutor(_AT_ONCE) as together:
        opened = list(together.map(partial(_open, world, user), range(SIZES[world.settings.profile])))
    ending(world, user, opened)


def _open(world: World, user: User, number: int) -> tuple[str, EventCapture]:
    token = new_token(world, user)
    return token, world.try_to_watch(user, token=token)


def use_whole_pool(world: World, user: User) -> list[Outcome]:
    """As many requests at once as the API has database connections.

    :raises DeadlinePassed: they are never in the database at once.
    """
    create = partial(world.platform.create_thread, Anyone(user.access_token), "One of many")
    return side_by_side(Hold(world).table_from_all("sessions"), *[create] * world.target.limits["database_connections"])
