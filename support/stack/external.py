"""Stores that somebody else has started: a run has a database of its own in each, and takes nothing else there.

What a run has made bears its number. It holds a lock of that number in PostgreSQL for as long as it lives, so that a
later run, from whatever machine, knows what nobody needs any more and removes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from support.stack.addresses import ServiceStatus
from support.stack.clickhouse import DATABASE as CLICKHOUSE_DATABASE
from support.stack.errors import StackError
from support.stack.polling import poll
from support.stack.ports import LOOPBACK
from support.stack.postgres import PostgresPasswords
from support.stack.service import Service

VARIABLES = {
    "postgres-primary": ("ACCEPTANCE_POSTGRES_URL", "postgresql", 5432),
    "redis": ("ACCEPTANCE_REDIS_URL", "redis", 6379),
    "clickhouse": ("ACCEPTANCE_CLICKHOUSE_URL", "http", 8123),
}
"""The variable with the address and credentials of each store, its scheme, and the port unless it says another."""


def places(credentials: Mapping[str, str]) -> Mapping[str, SplitResult]:
    """The address of each store. Raises StackError with a line for each that is missing or cannot be used."""
    found, faults = {}, []
    for store, (variable, scheme, _) in VARIABLES.items():
        given = urlsplit(credentials.get(variable, ""))
        if not given.scheme:
            faults.append(f"-D services=external needs the variable {variable}, {scheme}://USER:PASSWORD@HOST:PORT")
        elif given.scheme != scheme or not given.hostname:
            # Its value may hold a password.
            faults.append(f"the variable {variable} is not an address of the form {scheme}://USER:PASSWORD@HOST:PORT")
        else:
            found[store] = given
    if faults:
        raise StackError("\n".join(faults))
    return found


def endpoint(store: str, place: SplitResult) -> tuple[str, int]:
    """Host and port of a store."""
    return place.hostname or LOOPBACK, place.port or VARIABLES[store][2]


class ExternalRedis:
    """A logical database of a Redis server: `database` is the run's own, once it has taken one."""

    def __init__(self, place: SplitResult) -> None:
        self._place = place
        self.database = 0

    def url(self, port: int) -> str:
        """The address of the run's own database at a port."""
        login, at, _ = self._place.netloc.rpartition("@")
        return f"redis://{login}{at}{LOOPBACK}:{port}/{self.database}"


class ExternalClickHouse:
    """A database of a ClickHouse server."""

    def __init__(self, place: SplitResult, number: str) -> None:
        self._place = place
        self.database = f"{CLICKHOUSE_DATABASE}_run_{number}"

    def url(self, port: int) -> str:
        """The address of the run's own database at a port."""
        login, at, _ = self._place.netloc.rpartition("@")
        return f"http://{login}{at}{LOOPBACK}:{port}/{self.database}"


class ExternalStores:
    """The stores together: made at the start and removed at the end. `number`: of the run, eight hexadecimal digits."""

    def __init__(self, credentials: Mapping[str, str], number: str, passwords: PostgresPasswords) -> None:
        self.places = places(credentials)
        self.number = number
        self.passwords = passwords
        self.redis = ExternalRedis(self.places["redis"])
        self.clickhouse = ExternalClickHouse(self.places["clickhouse"], number)
        self._lock: Any = None
        self._making = asyncio.Lock()
        self._is_made = False

    @property
    def endpoints(self) -> Mapping[str, tuple[str, int]]:
        """Host and port of each."""
        return {store: endpoint(store, place) for store, place in self.places.items()}

    async def make(self, seconds: float) -> None:
        """Remove what runs have left that are no more, then make this one's. Raises StackError."""
        async with self._making:
            if self._is_made:
                return
            from support.stack import external_stores  # the clients are loaded while the services start, not before

            for name in VARIABLES:
                try:
                    await poll(partial(self.reach, name), seconds=seconds, ended=asyncio.Event())
                except TimeoutError as error:
                    host, port = endpoint(name, self.places[name])
                    why = " ".join(str(error.__cause__ or error).split())[:200]
                    raise StackError(
                        f"{VARIABLES[name][0]}: {host}:{port} does not serve: {_without(why, self.places[name])}"
                    ) from None
            self._lock = await asyncio.to_thread(external_stores.make, self)
            self._is_made = True

    async def remove(self) -> None:
        """Remove what was made; nothing where nothing was."""
        async with self._making:
            if self._lock is None:
                return
            from support.stack import external_stores  # as above

            lock, self._lock = self._lock, None
            await asyncio.to_thread(external_stores.remove, self, lock)

    def admin(self, store: str) -> str:
        """The given address of a store, past all links."""
        return self.places[store].geturl()

    def reach(self, store: str) -> None:
        """Ask a store whether it serves, and raise unless it does."""
        from support.stack import readiness

        serves = {"redis": readiness.redis_serves, "clickhouse": readiness.clickhouse_serves}
        serves.get(store, readiness.postgres_serves)(self.admin(store))


def _without(text: str, place: SplitResult) -> str:
    return text.replace(unquote(place.password), "***") if place.password else text


class ExternalService(Service):
    """A store that the run did not start, and therefore neither ends nor breaks."""

    needs: tuple[str, ...] = ()
    twin = None
    is_forked = False

    def __init__(self, name: str, stores: ExternalStores, log_dir: Path, seconds: float) -> None:
        self.name = name
        self._stores = stores
        self._log_path = log_dir / f"{name}.log"
        self._seconds = seconds
        self._state = "waiting"

    @property
    def extra_args(self) -> tuple[str, ...]:
        return ()

    async def prepare(self) -> None:
        """Nothing of it is on this disk."""

    async def start(self, extra_args: Sequence[str] | None = None) -> float:
        begin = asyncio.get_running_loop().time()
        await self._stores.make(self._seconds)
        self._state = "ready"
        return asyncio.get_running_loop().time() - begin

    async def wait_ready(self, seconds: float | None = None) -> None:
        try:
            ask = partial(self._stores.reach, self.name)
            await poll(ask, seconds=seconds or self._seconds, ended=asyncio.Event())
        except TimeoutError as error:
            raise StackError(f"{self.name}: {error}") from error

    async def end(self) -> None:
        await self._stores.remove()

    async def stop(self) -> None:
        self._refuse()

    async def restart(self, extra_args: Sequence[str] | None = None) -> None:
        self._refuse()

    async def kill(self) -> None:
        self._refuse()

    async def freeze(self) -> None:
        self._refuse()

    async def thaw(self) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StackError(f"the run did not start {self.name}, so it does not break it")

    def status(self) -> ServiceStatus:
        return ServiceStatus(self.name, None, self._state, None, self._log_path, None)
