"""Requests that are interrupted between two of their writes: the second one is held back until its session is ended,
and so is each attempt to make it again.

What writes into a table for the first time can be held back with the whole table only: it waits for everybody.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from support.business_data import allowances
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.partner import own_path
from support.scenario.users import Tenant, User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold

_SESSIONS = """
select s.id::text, (select count(*) from spent_refresh_tokens t where t.session_id = s.id)
from sessions s where s.tenant_id::text = %s and s.ended_at is null
"""
_REFRESH_TOKENS = "select id::text, md5(refresh_hash) from sessions where tenant_id::text = %s order by 1"
_EXPENSE = ("12.50", "Books")
"""The amount and the purpose of an expense."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """The response (None: of no request), and what a customer saw before, during and after the interruption."""

    response: Outcome | None
    before: Any
    during: Any
    after: Any

    def require(self) -> None:
        """For a Given: the request has failed.

        :raises NotShown: it succeeded, so nothing was interrupted.
        """
        if self.response is None or self.response.done:
            raise NotShown(f"what was to be interrupted succeeded: {self.response}")


PHASES = {"during the interruption": ("during",), "during or after the interruption": ("during", "after")}


def interrupt(
    world: World,
    tenant: Tenant,
    ask: Callable[[], Any],
    look: Callable[[], Any],
    first: str,
    hold_back: Callable[[Hold], Hold],
) -> Interruption:
    """Have a request of a tenant interrupted after its write to the table ``first`` and before the one held back.

    :param look: what a customer sees of it.
    :param hold_back: holds what the second write waits for.
    :raises NotShown: the request never was between these two writes.
    """
    before = look()
    world.holds_up("a write is held back")
    hold = hold_back(Hold(world))
    with ThreadPoolExecutor(1) as alone:
        response = alone.submit(ask)
        try:
            _wait_for_write(world, hold, first, lambda: look() != before)
            during = look()
            # Else a platform that tries again would have it after all.
            hold.break_off_until(response.done)
        finally:
            hold.release()
        return Interruption(response.result(), before, during, look())


def _wait_for_write(world: World, hold: Hold, table: str, shows: Callable[[], bool]) -> None:
    """Wait until the request waits and has written to the table before: not visibly yet, or visibly already, which of
    them is for the Then to judge. What the platform does by itself may wait for the same.
    """

    def has_written() -> bool:
        waiting = hold.waiting_for_it
        return any(hold.writes_to(session, table) for session in waiting) or (bool(waiting) and shows())

    try:
        world.eventually(has_written, bool, "request under way", f"a request that waits and has written to {table}")
    except DeadlinePassed as never:
        raise NotShown(f"the request was never between its two writes: {never}") from None


# -- what is interrupted ----------------------------------------------------------------------------------------------


def _booking(world: World, customer: User) -> Interruption:
    """The expense is counted, but not stored yet."""
    return interrupt(
        world,
        customer.tenant,
        lambda: world.platform.book_expense(Anyone(customer.access_token), *_EXPENSE),
        lambda: allowances.found(world, customer),
        first="allowances",
        hold_back=lambda hold: hold.table("expenses"),
    )


def _run_request(world: World, customer: User) -> Interruption:
    """A part of the run is stored, but not another: of Apex's the question that it begins with."""
    assert world.target.ownership is not None
    first, later = world.target.ownership.run_request
    return interrupt(
        world,
        customer.tenant,
        lambda: world.platform.start_run(Anyone(customer.access_token), "usage_report"),
        lambda: runs_found(world, customer),
        first=first,
        hold_back=lambda hold: hold.table(later),
    )


def _run_completion(world: World, customer: User) -> Interruption:
    """The state of the customer's waiting run is stored, but not its answer yet."""
    return interrupt(
        world,
        customer.tenant,
        lambda: world.partner.release(own_path(customer)),
        lambda: runs_found(world, customer),
        first="runs",
        # The answer is a message in the conversation, which no other transaction needs.
        hold_back=lambda hold: hold.rows(customer.tenant, "threads"),
    )


def _run_announcement(world: World, customer: User) -> Interruption:
    """The customer's waiting run has its answer, but nothing is to be told of its end yet."""
    return interrupt(
        world,
        customer.tenant,
        lambda: world.partner.release(own_path(customer)),
        lambda: runs_found(world, customer),
        first="runs",
        hold_back=lambda hold: hold.table("outbox"),
    )


def _renewal(world: World, customer: User) -> Interruption:
    """The session has its new refresh token, but the old one is not noted as used yet."""
    return interrupt(
        world,
        customer.tenant,
        lambda: world.platform.refresh(Anyone(), customer.refresh_token or ""),
        lambda: opened.rows(world, _REFRESH_TOKENS, [customer.tenant.id]),
        first="sessions",
        hold_back=lambda hold: hold.table("spent_refresh_tokens"),
    )


INTERRUPTED: dict[str, Callable[[World, User], Interruption]] = {
    "booking of an expense": _booking,
    "request for a usage report": _run_request,
    "run as it completes": _run_completion,
    "run before its end is announced": _run_announcement,
    "renewal of the session": _renewal,
}


def book_again(world: World, customer: User) -> Outcome:
    """The customer repeats the interrupted booking."""
    return world.platform.book_expense(customer, *_EXPENSE)


# -- what there is of it ----------------------------------------------------------------------------------------------


def runs_found(world: World, customer: User) -> dict[str, Any]:
    """What a customer finds of runs: their states, and the author of each message in each conversation."""
    threads = [item.id for item in world.platform.threads(customer).require().items]
    return {
        "runs": [run.status for run in world.platform.runs(customer).require().items],
        "messages": [
            [item.role for item in world.platform.messages(customer, thread).require().items] for thread in threads
        ],
    }


def _sessions(world: World, customer: User) -> dict[str, Any]:
    found = opened.rows(world, _SESSIONS, [customer.tenant.id])
    return {"sessions": len({session for session, _ in found}), "used refresh tokens": sum(used for _, used in found)}


def _runs_ended(world: World, customer: User) -> dict[str, Any]:
    world.ended(world.run_of(customer))
    return runs_found(world, customer)


@dataclass(frozen=True, slots=True)
class ExactlyOne:
    """How to look for something, and what is seen when it is there once and complete."""

    look: Callable[[World, User], dict[str, Any]]
    expected: dict[str, Any]


EXACTLY_ONE = {
    "booked expense": ExactlyOne(
        allowances.found, {"spent": _EXPENSE[0], "spent by you": _EXPENSE[0], "booked": [_EXPENSE]}
    ),
    "renewed session": ExactlyOne(_sessions, {"sessions": 1, "used refresh tokens": 1}),
    "complete run": ExactlyOne(_runs_ended, {"runs": ["completed"], "messages": [["user", "assistant"]]}),
}
