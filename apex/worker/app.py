"""One worker process: its slots, its leases, its share of the outbox, and its health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from apex.agents import AgentRegistry
from apex.runtime.discovery import Directory, Registry
from apex.runtime.service import Process, create_app
from apex.storage.database import Database
from apex.storage.runs import OUTBOX, RUN_CANCEL, RUN_QUEUED
from apex.storage.stream import EventStream
from apex.worker.leases import Leases
from apex.worker.relay import AnalyticsRelay, EventRelay, Relay
from apex.worker.slot import Slot
from apex.worker.supervisor import Supervisor


def create(process: Process) -> FastAPI:
    """The application; its slots begin to lease when it begins to serve."""
    settings = process.settings
    database = Database.of(process)
    database.migrate(settings.environment)
    stream = EventStream(process.redis_url, settings.backend.stream_window)
    leases = Leases(database, settings.worker, process.instance)
    directory = Directory(Registry(stream.redis, "tools", settings.discovery), settings.tools.url)
    registry = AgentRegistry.with_plugins(settings.plugins.directory)

    @asynccontextmanager
    async def working(_: FastAPI) -> AsyncIterator[None]:
        slots: list[Slot] = []
        directory.start()

        def add_slot() -> None:
            supervisor = Supervisor(database, stream, registry, directory, settings, process.instance)
            slots.append(Slot(leases, supervisor, add_slot))

        def fit_slots() -> None:
            """As many as configured: those that are too many end with the run that they have in hand."""
            open_slots = [slot for slot in slots if not slot.closed]
            for slot in open_slots[settings.worker.slots :]:
                slot.close()
            for _number in range(settings.worker.slots - len(open_slots)):
                add_slot()
            leases.wake_all()

        fit_slots()
        process.configuration.on_change("worker.slots", fit_slots)
        relays: dict[str, Relay] = {
            "events": EventRelay(database, stream, settings.backend.heartbeat_seconds),
            "analytics": AnalyticsRelay(database, settings),
        }
        leases.start()

        def caught_up() -> None:
            leases.catch_up()
            for relay in relays.values():
                relay.wake()

        listener = database.listen(
            {RUN_QUEUED: leases.wake, RUN_CANCEL: leases.cancel, OUTBOX: lambda topic: relays[topic].wake()},
            on_connect=caught_up,
        )
        process.background.update(
            {relay.name: relay.is_alive for relay in relays.values()},
            directory=directory.is_alive,
            leases=leases.is_alive,
            notifications=listener.is_alive,
            slots=lambda: sum(slot.is_alive() and not slot.closed for slot in slots) >= settings.worker.slots,
        )
        yield
        await asyncio.to_thread(finish, slots, leases, settings.worker.stop_seconds)
        leases.close()
        listener.close()
        directory.close()
        # In threads of their own: both may have rows in hand.
        await asyncio.gather(*(asyncio.to_thread(relay.close) for relay in relays.values()))

    return create_app(process, "Apex worker", database, {"redis": stream.redis.ping}, lifespan=working)


def finish(slots: Sequence[Slot], leases: Leases, seconds: float) -> None:
    """Take no further run, and let those in hand go on to their ends, for ``seconds`` at most: a new version costs no
    customer a run. Meanwhile they are renewed and can be cancelled.
    """
    until = time.monotonic() + seconds
    for slot in slots:
        slot.close()
    leases.wake_all()
    for slot in slots:
        slot.finish(max(until - time.monotonic(), 0.0))
