"""Seeded defects of deadlocks (DBP-08)."""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from apex.backend import allowance
from apex.backend import threads as conversations
from apex.http.identity import Identity
from apex.storage import repeating
from defects import Scenario
from defects._endings import never_written_again
from defects._patching import around, replace

aborted = Scenario("A request aborted by a deadlock is retried and succeeds", service="backend")
both_ways = Scenario("Two conversations exchange their messages at once", service="backend")

_ONCE = "Acme's <change> took effect exactly once"


@aborted.defect("DBP-08a", "the victim of a deadlock is not repeated", step="Acme's request succeeds")
def _() -> None:
    replace(repeating, "_IN_THE_WAY", ("40001",))


@aborted.defect("DBP-08b", "a booking that is repeated counts on its person twice", step=_ONCE)
def _() -> None:
    aborted: set[str] = set()

    @around(allowance, "count_share")
    def count_share(original: Any, connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        try:
            original(connection, identity, amount, month)
        except OperationalError:
            aborted.add(identity.user_id)
            raise
        if identity.user_id in aborted:
            original(connection, identity, amount, month)


@aborted.defect("DBP-08c", "a run whose end is the victim of a deadlock loses its answer", step=_ONCE, service="worker")
def _() -> None:
    never_written_again()


@both_ways.defect(
    "DBP-08d",
    "moves lock their conversations in the order in which they name them, and no victim is repeated",
    step="both moves succeed",
)
def _() -> None:
    replace(conversations, "KEPT", conversations.ALONE)
    replace(repeating, "_IN_THE_WAY", ("40001",))


@both_ways.defect(
    "DBP-08e",
    "of moves in both directions the second is taken for the first, and not made",
    step="each conversation has the messages of the other",
)
def _() -> None:
    under_way: set[frozenset[str]] = set()
    lock = threading.Lock()

    @around(conversations, "move_messages")
    def move_messages(
        original: Any, connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None
    ) -> int:
        pair = frozenset((source_id, target_id))
        with lock:
            is_first = pair not in under_way
            under_way.add(pair)
        return int(original(connection, source_id, target_id, chosen)) if is_first else len(chosen or ())
