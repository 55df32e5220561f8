"""Changes of several steps that fail at one of them, and all that is stored of a customer before and after.

Each request carries an idempotency key: that is stored with the change, and must be as unused after a failure.
"""

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from support.api import owned_resources
from support.business_data.conversations import Conversations
from support.database_management import changes
from support.database_management.changes import Change, Requested
from support.platform.components import Component
from support.platform.driver import Caller
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold

_TOO_MUCH = "5000.00"
_OUTBOX = "select coalesce(string_agg(o::text, '|' order by id), '') from outbox o where tenant_id::text = %s"
_PRESENT = "select true from pg_stat_activity where pid = %s"
# It only counts requests, and those that failed count, too.
_RATE_LIMITS = "fair_use:"


@dataclass(frozen=True, slots=True)
class Stepwise:
    """A change, the tables to which it writes, in order, as far as nobody else writes to them meanwhile, and how it is
    requested so that a rule forbids it once it has begun.
    """

    change: Change
    steps: tuple[str, ...]
    forbidden: Callable[[World, User, Caller], Outcome] | None = None


@dataclass(frozen=True, slots=True)
class FailedChange:
    """All that was stored before, and after each failure by where it was; ``key`` is the idempotency key of all."""

    what: Stepwise
    requested: Requested
    key: str
    before: Mapping[str, Any]
    after: dict[str, Mapping[str, Any]]


Failure = Callable[[World, User, FailedChange], None]


def fail(world: World, customer: User, what: Stepwise, failure: Failure) -> FailedChange:
    """Have a change fail. What its customer reads often is in the cache by then."""
    if not world.platform.allowance(customer).done:
        raise NotShown(f"{customer} cannot read the allowance")
    requested = changes.about(world, customer, what.change)
    failed = FailedChange(what, requested, str(uuid.uuid4()), everything(world, customer), {})
    failure(world, customer, failed)
    return failed


def make(world: World, customer: User, failed: FailedChange) -> Outcome:
    """Request the change, as the rules allow it, with the key of the failed one."""
    return failed.requested.ask(world.platform.with_key(customer, failed.key))


def everything(world: World, customer: User) -> dict[str, Any]:
    """What is stored of the customer's organisation: digests of its rows, its outbox, and what Redis has of it."""
    found: dict[str, Any] = dict(owned_resources.stored_of(world, customer.tenant))
    found["outbox"] = opened.rows(world, _OUTBOX, [customer.tenant.id])[0][0]
    with opened.cache(world.addresses) as cache:
        read = {"string": cache.get, "hash": cache.hgetall, "stream": cache.xrange}
        for id in (customer.tenant.id, customer.id):
            for key in cache.scan_iter(f"*{id}*", count=1000):
                if not key.startswith(_RATE_LIMITS):
                    found[key] = read.get(cache.type(key), cache.dump)(key)
    return found


# -- how it fails -----------------------------------------------------------------------------------------------------


def _stopped_at(
    world: World, customer: User, failed: FailedChange, table: str, stop: Callable[[Hold, int], None]
) -> None:
    """Have the change stopped when it comes to a table, and see what is stored then."""
    hold = Hold(world).table(table)
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(make, world, customer, failed)
        try:
            session = hold.wait_for_first()
            stop(hold, session)
        finally:
            hold.release()
        outcome = answer.result()
    if outcome.done:
        raise NotShown(f"what was to fail at {table} succeeded: {outcome}")


def _cancelled_at_each(world: World, customer: User, failed: FailedChange) -> None:
    for table in failed.what.steps:
        _stopped_at(world, customer, failed, table, lambda hold, session: hold.cancel(session))
        failed.after[f"after a failure at {table}"] = seen = everything(world, customer)
        if seen != failed.before:
            # What is left over may keep the request from ever coming to its later steps.
            return


def _crashed_at_last(world: World, customer: User, failed: FailedChange) -> None:
    table, sessions = failed.what.steps[-1], []

    def crash(_: Hold, session: int) -> None:
        sessions.append(session)
        world.faults.lose(Component.API)

    _stopped_at(world, customer, failed, table, crash)
    world.eventually(
        lambda: opened.rows(world, _PRESENT, sessions) == [], bool, "request under way", "the end of its session"
    )
    failed.after[f"after a crash at {table}"] = everything(world, customer)
    world.faults.bring_back(Component.API)


def _forbidden(world: World, customer: User, failed: FailedChange) -> None:
    if failed.what.forbidden is None:
        raise NotShown("no rule forbids this change once it has begun")
    outcome = failed.what.forbidden(world, customer, world.platform.with_key(customer, failed.key))
    if outcome.done:
        raise NotShown(f"what breaks a rule succeeded: {outcome}")
    failed.after[f"after {outcome}"] = everything(world, customer)


FAILURES: dict[str, Failure] = {
    "an aborted query at each step of it": _cancelled_at_each,
    "a backend crash at its last step": _crashed_at_last,
    "a rule that it breaks": _forbidden,
}


# -- what fails -------------------------------------------------------------------------------------------------------


def _move_of_unknown(world: World, customer: User, caller: Caller) -> Outcome:
    first, second = world.kept(Conversations).of(customer)
    ids = [message.id for message in world.platform.messages(customer, first.id).require().items]
    return world.platform.move_messages(caller, first.id, second.id, [*ids, str(uuid.uuid4())])


_KEY = "idempotency_keys"
CHANGES = {
    "booking of an expense": Stepwise(
        changes.CHANGES["expense"],
        (_KEY, "allowances", "allowance_shares", "expenses"),
        lambda world, _, caller: world.platform.book_expense(caller, _TOO_MUCH, "Books"),
    ),
    "request for a usage report": Stepwise(changes.CHANGES["run"], (_KEY, "threads", "messages")),
    "move of messages": Stepwise(changes.CHANGES["move of messages"], (_KEY, "messages"), _move_of_unknown),
    "removal of a colleague": Stepwise(changes.CHANGES["removal of a colleague"], ("users", "sessions", "invitations")),
    "new budget": Stepwise(
        changes.CHANGES["budget"],
        (_KEY, "allowances", "budgets"),
        lambda world, _, caller: world.platform.allot(caller, "Research", _TOO_MUCH),
    ),
}
