"""Connections of the services to the database that break while nobody uses them, and the requests after that."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from uuid import uuid4

from support.api.calls import Call, Calls, call_of
from support.load.http_crowd import side_by_side
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World
from support.stores import sessions
from support.stores.locks import Hold

_AT_ONCE = 4


class Break(Enum):
    """How connections break, as a feature names it."""

    ENDED = "is ended by the database"
    RESET = "is reset"
    SILENT = "stops responding"


def have_several(world: World, customer: User) -> None:
    """Every service that customers ask has several connections open: as many requests as that were served at once."""
    reads = [partial(world.platform.threads, Anyone(customer.access_token))] * _AT_ONCE
    with ThreadPoolExecutor(_AT_ONCE) as together:
        answers = list(together.map(lambda read: read(), reads))
    answers += side_by_side(Hold(world).table_from_all("sessions"), *_changes(world, customer))
    for answer in answers:
        answer.require()


def break_all(world: World, how: Break) -> None:
    """Every connection of every service to a server of the database breaks; new ones work."""
    if how is Break.ENDED:
        sessions.end_all(world)
        return
    for server in world.target.database_servers:
        if how is Break.RESET:
            world.faults.reset_connections(server)
        else:
            world.faults.silence_open_connections(server)


def request_after(world: World, customer: User, how: Break) -> None:
    """Several requests to every service, all at once, right after every connection broke."""
    read = partial(world.platform.threads, Anyone(customer.access_token))
    requests = [*_changes(world, customer), *[read] * _AT_ONCE]
    break_all(world, how)
    with ThreadPoolExecutor(len(requests)) as together:
        world.keep(Calls([call_of(answer) for answer in together.map(lambda ask: ask(), requests)]))


def slowest(calls: Sequence[Call]) -> float:
    """Seconds until the last of the responses."""
    return max(call.answer.seconds for call in calls)


def _changes(world: World, customer: User) -> list[Callable[[], Outcome]]:
    """What the primary alone answers: several requests to each service."""
    who = Anyone(customer.access_token)
    each: list[Callable[[], Outcome]] = [
        lambda: world.platform.me(who),
        lambda: world.platform.create_thread(who, "After the break"),
        lambda: world.platform.jobs(who, str(uuid4())),
    ]
    return each * _AT_ONCE
