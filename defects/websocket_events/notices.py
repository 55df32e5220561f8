"""Seeded defects of notices (WSE-07)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection as SqlConnection

from apex.backend import operations
from apex.backend.hub import Hub
from apex.http import identity
from apex.http.identity import Identity, acting_as
from apex.storage.database import Database
from apex.storage.stream import Event, EventStream
from apex.worker.relay import EventRelay
from defects import Scenario
from defects._patching import replace

operator = Scenario("A maintenance notice reaches every connected user of every segment once", service="worker")
customer = Scenario("A customer cannot send a notice", service="backend")
after_loss = Scenario("A notice reaches customers although the event stream has lost its data", service="backend")


@operator.defect(
    "WSE-07a",
    "a notice reaches only the organisation of its sender",
    step="every connection receives the notice in time",
)
def _() -> None:
    def deliver(self: EventRelay, rows: list[Any]) -> None:
        sender.append(rows[0].tenant_id)
        original_deliver(self, rows)

    def connected_users(self: EventStream, within_seconds: float) -> list[str]:
        # No user of the operators' organisation is connected.
        return [] if sender else list(original_users(self, within_seconds))

    sender: list[str] = []
    original_deliver = replace(EventRelay, "deliver", deliver)
    original_users = replace(EventStream, "connected_users", connected_users)


@operator.defect(
    "WSE-07b",
    "a notice is delivered twice",
    step="every connection shows the notice once, with no gap to the next run",
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        if event.type == "notice":
            original(self, event, f"{delivery_id} once more")
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


@customer.defect(
    "WSE-07c",
    "every role may operate the platform",
    step="Acme is refused because the operator permission is missing",
)
def _() -> None:
    identity.PERMISSIONS["platform:operate"] = frozenset[str]().union(*identity.PERMISSIONS.values())


@customer.defect(
    "WSE-07d",
    "the permission is checked after the notice was sent",
    step="every connection receives the operator's next notice and no other",
)
def _() -> None:
    @contextmanager
    def late(database: Database, identity: Identity, permission: str | None = None) -> Iterator[SqlConnection]:
        with acting_as(database, identity) as connection:
            yield connection
        if permission is not None:
            with acting_as(database, identity, permission):
                pass

    replace(operations, "acting_as", late)


@after_loss.defect(
    "WSE-07e",
    "who is connected is written down every ten minutes only, whatever has become of it",
    step="every connection receives the notice in time",
)
def _() -> None:
    async def show(self: Hub) -> None:
        if time.monotonic() - shown[-1] >= 600:
            shown.append(time.monotonic())
            await original(self)

    shown = [time.monotonic()]
    original = replace(Hub, "_show_presence", show)
