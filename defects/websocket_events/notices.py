"""Seeded defects of notices (WSE-07)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection as SqlConnection

from apex.backend import operations
from apex.http import identity
from apex.http.identity import Identity, acting_as
from apex.storage.database import Database
from apex.storage.stream import Event, EventStream
from apex.worker.relay import EventRelay
from defects import Scenario
from defects._patching import replace

maintenance_notice_reaches = Scenario(
    "A maintenance notice reaches every connected user of every segment once", service="worker"
)


@maintenance_notice_reaches.defect(
    "WSE-07a", "a notice reaches the organisation of its sender only", step="everyone receives the notice in time"
)
def _() -> None:
    def deliver(self: EventRelay, rows: list[Any]) -> None:
        sender.append(rows[0].tenant_id)
        original_deliver(self, rows)

    def connected_users(self: EventStream, within_seconds: float) -> list[str]:
        # Nobody of the operators' organisation watches.
        return [] if sender else list(original_users(self, within_seconds))

    sender: list[str] = []
    original_deliver = replace(EventRelay, "deliver", deliver)
    original_users = replace(EventStream, "connected_users", connected_users)


@maintenance_notice_reaches.defect(
    "WSE-07b", "a notice is delivered twice", step="each hears of their next run right after it, and of the notice once"
)
def _() -> None:
    def publish(self: EventStream, event: Event, delivery_id: str = "") -> int:
        if event.type == "notice":
            original(self, event, f"{delivery_id} once more")
        return int(original(self, event, delivery_id))

    original = replace(EventStream, "publish", publish)


customer_cannot_send = Scenario("A customer cannot send a notice", service="backend")


@customer_cannot_send.defect(
    "WSE-07c", "everybody is taken for an operator", step="Acme is refused for want of the operator's permission"
)
def _() -> None:
    everybody = frozenset[str]().union(*identity.PERMISSIONS.values())
    identity.PERMISSIONS["platform:operate"] = everybody


@customer_cannot_send.defect(
    "WSE-07d",
    "the permission for a notice is asked for when it has left",
    step="the only notice that anybody receives is the operator's next one",
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
