"""The database pool of a service: its connections held by requests that wait in the database, and counted there."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice

from hamcrest import anything, equal_to, greater_than_or_equal_to

from support.api.calls import Calls, call_of
from support.business_data.allowances import AMOUNT
from support.configuration import running
from support.configuration.draft import Draft
from support.matchers.faultless import is_just
from support.platform.components import Component
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.platform.values import PoolFigures
from support.scenario.users import User
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold

_MOST_REQUESTS = 100
A_WHILE = 0.3
_SESSIONS = """
select count(*), count(*) filter (where state <> 'idle') from pg_stat_activity where application_name = %s
"""


@dataclass(frozen=True, slots=True)
class PooledService:
    """A service with a pool. ``hold`` is a request that changes its organisation's rows in ``table``, which ``prepare``
    sees to; ``ask`` is one that needs a connection and no such row.
    """

    part: Component | str
    table: str
    prepare: Callable[[World, User], object]
    hold: Callable[[World, User], Outcome]
    ask: Callable[[World, User], Outcome]


SERVICES = {
    "API": PooledService(
        Component.API,
        "allowances",
        lambda world, who: world.platform.set_allowance(who, AMOUNT).require(),
        lambda world, who: world.platform.book_expense(on_a_device(who), "1.00", "A fee"),
        lambda world, who: world.platform.create_thread(on_a_device(who), "A conversation"),
    ),
    "auth service": PooledService(
        "auth",
        "users",
        lambda world, who: None,
        lambda world, who: world.platform.log_in(Anyone(), email=who.email, password=who.password),
        lambda world, who: world.platform.me(on_a_device(who)),
    ),
}


def on_a_device(who: User) -> Anyone:
    """Another connection of theirs: one carries one request at a time."""
    return Anyone(who.access_token)


def limit(world: World) -> int:
    """How many connections a service may have, as it is configured."""
    size, overflow = (configured(world, setting) for setting in ("database pool", "database pool's overflow"))
    return size + overflow


def configured(world: World, setting: str) -> int:
    """A number of the deployed configuration; 0 where it has none."""
    draft = Draft.of_deployed(world)
    return int(draft.value(draft.facts.settings[setting].key) or 0)


def reconfigure(world: World, edit: Callable[[Draft], None]) -> None:
    """Deploy a change of the configuration, which every service runs on afterwards."""
    before = running.deployed(world).checksum
    nobody: list[str] = []
    running.change(world, edit)
    world.eventually(
        lambda: [name for name, checksum in running.checksums(world).items() if checksum == before],
        is_just(nobody),
        running.RELOAD,
        "services on the former configuration",
    )


def figures_of(world: World, service: str) -> PoolFigures:
    """What a service says of its pool now."""
    metrics = world.platform.metrics(world.addresses.instances[service])
    metrics.require()
    return world.platform.pool_figures(metrics.text)


@dataclass(frozen=True, slots=True)
class Sessions:
    """A service's sessions of the database, as PostgreSQL shows them: how many, and those that are not idle."""

    open: int
    in_use: int


class OccupiedPool:
    """Connections of a service, each held by a request of a customer until it is freed; others ask for one meanwhile.

    One connection is held apart from the rest, so that it can be freed alone.
    """

    def __init__(self, world: World, service: PooledService, count: int) -> None:
        self._world, self.service = world, service
        self.name = world.target.part(service.part).service
        self._devices = ThreadPoolExecutor(_MOST_REQUESTS, thread_name_prefix="device")
        # Undone last: what holds them up is released before.
        world.undo.register("end the requests that use or await connections", self._devices.shutdown)
        self._observer = opened.as_observer(world, autocommit=True)
        world.undo.register("close the observer of the pool", self._observer.close)
        self._most, self._last = Hold(world), Hold(world)
        self.holding: list[Future[Outcome]] = []
        self.waiting: list[Future[Outcome]] = []
        self.freed_at = 0.0
        first, second = world.users.crowd(2)
        for hold, customer, connections in ((self._most, first, count - 1), (self._last, second, 1)):
            if count:
                service.prepare(world, customer)
                hold.rows(customer.tenant, service.table)
                self.holding += [self.send(service.hold, customer) for _ in range(connections)]
                world.eventually(
                    partial(self._in_use, hold),
                    greater_than_or_equal_to(connections),
                    "request under way",
                    f"connections of {self.name} in use at the same time by requests of {customer}",
                )
        self.figures_before = self.figures()

    @staticmethod
    def _in_use(hold: Hold) -> int:
        return len(hold.waiting)

    def send(self, request: Callable[[World, User], Outcome], who: User) -> "Future[Outcome]":
        """A request of somebody's, on a device of its own."""
        return self._devices.submit(request, self._world, who)

    def ask(self, count: int) -> None:
        """So many requests more, for which there may be no connection."""
        customers = islice(cycle(self._world.users.customers), count)
        self.waiting += [self.send(self.service.ask, customer) for customer in customers]

    def see_waiting(self, count: int) -> None:
        """Wait until the service says that so many wait; go on where it does not."""
        self._world.try_to_see(lambda: self.figures().waiting == count, "pool metrics", "requests that wait")

    def sessions(self) -> Sessions:
        """The service's sessions now."""
        row = self._observer.execute(_SESSIONS.encode(), [self.name]).fetchone()
        return Sessions(*row) if row else Sessions(0, 0)

    def figures(self) -> PoolFigures:
        """What the service says of its pool now."""
        return figures_of(self._world, self.name)

    @property
    def requests_under_way(self) -> int:
        """How many requests have no response yet."""
        return sum(not each.done() for each in (*self.holding, *self.waiting))

    def most_sessions(self) -> int:
        """The largest number of sessions there was until all that wait had their responses."""
        seen: list[int] = []
        self._world.holds_while(
            lambda: seen.append(self.sessions().open), anything(), self.responses_to_waiting, "sessions are counted"
        )
        return max(seen)

    def responses_to_waiting(self) -> list[Outcome]:
        """The responses to those that wait, once all of them are there."""
        return [each.result() for each in self.waiting]

    def responses(self) -> list[Outcome]:
        """All responses, once they are there."""
        return [each.result() for each in (*self.holding, *self.waiting)]

    # -- how connections become free --------------------------------------------------------------------------------

    def free_one(self) -> None:
        """One request continues; the others hold their connections."""
        self.freed_at = time.monotonic()
        self._last.release()

    def free_all(self) -> None:
        """All requests continue."""
        self.freed_at = time.monotonic()
        self._most.release()
        self._last.release()

    def free_all_later(self) -> None:
        """All requests continue after a while in which nobody got a connection."""
        in_use = self.sessions().in_use
        self._world.holds_while(lambda: self.sessions().in_use, equal_to(in_use), A_WHILE, "connections in use")
        self.free_all()

    def break_all(self) -> None:
        """PostgreSQL ends the sessions of all requests, and nothing is in their way any more."""
        for hold in (self._most, self._last):
            hold.break_off(*hold.waiting)
        self.free_all()


CONNECTIONS: Mapping[str, int | None] = {"no connection": 0, "three connections": 3, "every connection": None}
"""How many connections are in use; None for as many as there may be."""
ARRIVALS = {
    "no request arrives": 0,
    "one request arrives": 1,
    "seven requests arrive": 7,
    "twenty requests arrive": 20,
}
FREED: Mapping[str, Callable[[OccupiedPool], None]] = {
    "all transactions end": OccupiedPool.free_all,
    "all transactions end a little later": OccupiedPool.free_all_later,
    "the database closes all connections": OccupiedPool.break_all,
}


def occupy(world: World, service: PooledService, connections: int | None) -> None:
    """Have so many connections of a service in use."""
    world.keep(OccupiedPool(world, service, limit(world) if connections is None else connections))


def have_waiting(world: World, requests: int) -> None:
    """Have so many requests wait for a connection, as far as the service says so: what it says is for a Then."""
    pool = world.kept(OccupiedPool)
    pool.ask(requests)
    pool.see_waiting(requests)


def free(world: World, release: Callable[[OccupiedPool], None]) -> None:
    """Have connections become free, and everybody answered."""
    pool = world.kept(OccupiedPool)
    release(pool)
    world.keep(Calls([call_of(each) for each in pool.responses()]))
