"""Changes that break off between two of their writes: the second write is held back until its session is ended.

What writes into a table for the first time can be held back with the whole table only: it waits for everybody.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from support.business_data import allowances
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.partner import own_path
from support.scenario.users import Tenant, User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold

BROKEN_OFF = "broken off"
EXPENSE = ("12.50", "Books")
"""The amount and the purpose of an expense."""


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """What was answered (None: nothing was asked), and what a customer found before, half-way, and after it."""

    answer: Outcome | None
    before: Any
    meanwhile: Any
    afterwards: Any

    def require(self) -> None:
        """For a Given: what was asked has not been granted.

        :raises NotShown: it has been, and was not broken off.
        """
        if self.answer is None or self.answer.done:
            raise NotShown(f"what was to break off was granted: {self.answer}")


def break_off(
    world: World,
    tenant: Tenant,
    ask: Callable[[], Any],
    find: Callable[[], Any],
    first: str,
    hold_back: Callable[[Hold], Hold],
) -> BrokenOff:
    """Have what is asked for a tenant break off after its write to the table ``first`` and before the one held back.

    :param find: what a customer finds of what is asked.
    :param hold_back: holds what the second write waits for.
    :raises NotShown: the request never was between these two writes.
    """
    before, rows_before = find(), _rows(world, tenant, first)
    hold = hold_back(Hold(world))
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(ask)
        try:
            session = hold.wait_for_first()
            # Written and not yet visible, or visible already: which of them is for the Then to judge.
            if not hold.writes_to(session, first) and _rows(world, tenant, first) == rows_before:
                raise NotShown(f"the request has not written to {first} when it waits")
            meanwhile = find()
            hold.break_off(session)
        finally:
            hold.release()
        return BrokenOff(answer.result(), before, meanwhile, find())


def _rows(world: World, tenant: Tenant, table: str) -> str | None:
    """The tenant's rows in a table, as text."""
    query = sql.SQL("select string_agg(t::text, '|' order by t::text) from {} t where tenant_id = %s")
    with psycopg.connect(world.addresses.postgres_observer_url) as observer:
        row = observer.execute(query.format(sql.Identifier(table)), [tenant.id]).fetchone()
    return row[0] if row else None


def booking(world: World, customer: User) -> BrokenOff:
    """The booking of an expense that breaks off: it is counted, but not written down yet."""
    return break_off(
        world,
        customer.tenant,
        lambda: world.platform.book_expense(Anyone(customer.access_token), *EXPENSE),
        lambda: allowances.found(world, customer),
        first="allowances",
        hold_back=lambda hold: hold.table("expenses"),
    )


def usage_report(world: World, customer: User) -> BrokenOff:
    """The request for a run that breaks off: the run is written, but not the question that it begins with."""
    return break_off(
        world,
        customer.tenant,
        lambda: world.platform.start_run(Anyone(customer.access_token), "usage_report"),
        lambda: runs_found(world, customer),
        first="runs",
        hold_back=lambda hold: hold.table("messages"),
    )


def end_of_run(world: World, customer: User) -> BrokenOff:
    """The end of the customer's waiting run that breaks off: its state is written, but not its answer yet."""
    return break_off(
        world,
        customer.tenant,
        lambda: world.partner.release(own_path(customer)),
        lambda: runs_found(world, customer),
        first="runs",
        # The answer is a message in the conversation, of which nobody else's write knows.
        hold_back=lambda hold: hold.rows(customer.tenant, "threads"),
    )


def runs_found(world: World, customer: User) -> dict[str, Any]:
    """What a customer finds of runs: how they stand, and what was said in each conversation."""
    threads = [item["id"] for item in world.platform.threads(customer).require()["items"]]
    return {
        "runs": [item["status"] for item in world.platform.runs(customer).require()["items"]],
        "said": [
            [item["role"] for item in world.platform.messages(customer, thread).require()["items"]]
            for thread in threads
        ],
    }
