"""Faults of the database that pass, and such that do not, in the middle of what a customer asks for."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise

from hamcrest.core.base_matcher import BaseMatcher

from support.database_management import changes
from support.database_management.changes import Change, Requested
from support.matchers.faultless import faultless
from support.platform.components import Component
from support.platform.driver import Caller
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed
from support.scenario.world import World
from support.stores import failing, opened
from support.stores.locks import Hold

_MOMENT = 0.8
"""Seconds: the platform outlasts whatever is over within one."""
FAULTS: Mapping[str, str] = {
    "a serialization failure": failing.raising("serialization_failure"),
    "a lost connection": failing.LOST,
    "a violated constraint": failing.raising("check_violation"),
    "a full disk": failing.raising("disk_full"),
    "a query aborted for its duration": failing.raising("query_canceled"),
}
TIMES: Mapping[str, int] = {"once": 1, "twice": 2, "five times": 5, "every time": failing.ALWAYS}
ATTEMPTS: Mapping[str, int] = {"one attempt": 1, "six attempts": 6}
REASONS: Mapping[str, str] = {
    "of an internal error": "internal_error",
    "the service is unavailable": "unavailable",
    "a database limit was exceeded": "time_limit_exceeded",
    "its outcome is unknown": "outcome_unknown",
    "the key belongs to another request": "idempotency_key_reused",
}
"""Why a request is refused, as a feature says it, with the published code."""


def interrupt(
    world: World, customer: User, change: Change, fault: str, times: int, caller: Caller | None = None
) -> Outcome:
    """Have what the customer asks for meet a fault."""
    about = changes.about(world, customer, change)
    failing.fail(world, customer.tenant, change.table, fault, times=times)
    return about.ask(caller)


def refuse_for_a_moment(world: World, customer: User, change: Change) -> Outcome:
    """Have what the customer asks for find no database at first."""
    about = changes.about(world, customer, change)
    world.faults.cut_off(Component.DATABASE)
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(about.ask)
        # An early answer is for the Then to judge.
        with suppress(DeadlinePassed):
            waiting.wait_for(answer.done, bool, _MOMENT)
        world.faults.heal(Component.DATABASE)
        return answer.result()


# -- a connection that is lost during a commit ------------------------------------------------------------------------

Ask = Callable[[], Outcome]
Loss = Callable[[World, Requested, Ask], Outcome]


def lose_before_commit(world: World, about: Requested, ask: Ask) -> Outcome:
    """The connection is lost once the commit was sent, and nothing has been committed."""
    failing.fail(world, about.customer.tenant, about.change.table, failing.LOST, times=1, at_commit=True)
    return ask()


def lose_after_commit(world: World, about: Requested, ask: Ask) -> Outcome:
    """The commit is done, and all connections are lost before anybody could be told."""
    number = secrets.randbits(62)
    hold = Hold(world).number(number)
    tenant, table = about.customer.tenant, about.change.table
    before = _rows(world, table, tenant.id)
    failing.fail(world, tenant, table, failing.waiting_for(number), times=1, at_commit=True)
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(ask)
        try:
            hold.wait_for_first()
            world.faults.silence(Component.DATABASE, "to_client")
        finally:
            hold.release()
        world.eventually(
            lambda: _rows(world, table, tenant.id), lambda seen: seen > before, "request under way", "the commit"
        )
        world.faults.reset_connections(Component.DATABASE)
        world.faults.heal(Component.DATABASE)
        return answer.result()


MOMENTS: Mapping[str, Loss] = {
    "before": lose_before_commit,
    "right after": lose_after_commit,
}


def _rows(world: World, table: str, tenant: str) -> int:
    return int(opened.rows(world, f"select count(*) from {table} where tenant_id = %s", [tenant])[0][0])


# -- what the platform does about it ----------------------------------------------------------------------------------


def makes_attempts(number: int) -> BaseMatcher[Sequence[float]]:
    """So many attempts, by their times; the last of several pauses is at least twice as long as the first."""

    def faults(times: Sequence[float]) -> list[str]:
        pauses = [later - earlier for earlier, later in pairwise(times)]
        found = [] if len(times) == number else [f"there were {len(times)}"]
        if len(pauses) > 1 and pauses[-1] < 2 * pauses[0]:
            found.append(f"the pauses between them do not grow: {', '.join(f'{pause:.3f} s' for pause in pauses)}")
        return found

    return faultless(f"{number} attempts with growing pauses", faults)
