"""Requests with an idempotency key, which are made once however often they are sent."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.database_management import changes, passing_faults
from support.database_management.changes import OTHER_TEXT, Change, Requested
from support.load.http_crowd import side_by_side
from support.matchers.faultless import differences, faultless
from support.platform.components import Component
from support.platform.driver import Caller
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World
from support.stores import failing, opened
from support.stores.locks import Hold

_AGE = "update idempotency_keys set created_at = created_at - %s::interval"
_ACT = "select set_config('app.tenant_id', %s, true)"


def _key() -> str:
    return secrets.token_urlsafe(16)


def keyed(world: World, customer: User) -> Callable[[], Caller]:
    """Gives the customer on one connection after another, always with the same new key."""
    return partial(world.platform.with_key, customer, _key())


# -- twice the same ---------------------------------------------------------------------------------------------------

Twice = Callable[[World, Requested], None]
"""Has a change requested twice."""


def with_one_key(world: World, about: Requested, between: Callable[[], object] = lambda: None) -> None:
    """One request after the other; something may happen between them."""
    caller = keyed(world, about.customer)
    about.ask(caller())
    between()
    about.ask(caller())


def at_the_same_time(world: World, about: Requested) -> None:
    """The first one is at work, and the second one waits for it."""
    caller = keyed(world, about.customer)
    hold = Hold(world).rows(about.customer.tenant, "users")
    side_by_side(hold, *(partial(about.ask, who) for who in (caller(), caller())))


def on_two_backends(world: World, about: Requested) -> None:
    """On one, and then on the other."""
    world.faults.start_spare(Component.SPARE_API)
    caller = keyed(world, about.customer)
    about.ask(caller())
    about.ask(caller(), instance=world.addresses.spare_backend_url)


def _aged(age: str) -> Twice:
    """The key is made older past the platform: nobody can wait for a day."""

    def between(world: World, about: Requested) -> None:
        with opened.as_platform(world) as connection:
            connection.execute(_ACT, [about.customer.tenant.id])
            connection.execute(_AGE, [age])

    return lambda world, about: with_one_key(world, about, lambda: between(world, about))


def _after_a_restart(world: World, about: Requested) -> None:
    with_one_key(world, about, lambda: world.faults.restart(Component.API))


def _after_a_failure(world: World, about: Requested) -> None:
    fault = failing.raising("check_violation")
    failing.fail(world, about.customer.tenant, about.change.table, fault, times=1)
    with_one_key(world, about)


def _with_other_content(world: World, about: Requested) -> None:
    caller = keyed(world, about.customer)
    about.ask(caller())
    about.ask(caller(), OTHER_TEXT)


def _with_two_keys(world: World, about: Requested) -> None:
    """The keys differ in nothing but small and capital letters."""
    key = f"Key-{_key()}"
    for each in (key, key.swapcase()):
        about.ask(world.platform.with_key(about.customer, each))


TWICE: Mapping[str, Twice] = {
    "with one key": with_one_key,
    "with one key at the same time": at_the_same_time,
    "with one key on two backends": on_two_backends,
    "with one key before and after a restart": _after_a_restart,
    "with one key almost a day apart": _aged("23 hours 59 minutes"),
    "with one key more than a day apart": _aged("24 hours 1 minute"),
    "with one key, the first time in vain": _after_a_failure,
    "with one key and different content": _with_other_content,
    "with a key each": _with_two_keys,
}


def request_twice(world: World, customer: User, change: Change, twice: Twice) -> Outcome:
    """Have the change requested twice; the outcome of the later request."""
    about = changes.about(world, world.users.settle(customer), change)
    twice(world, about)
    return about.outcomes[-1]


def are_the_same() -> BaseMatcher[Sequence[Outcome]]:
    """Two responses of a request that succeeded, the same to the last field."""

    def faults(outcomes: Sequence[Outcome]) -> list[str]:
        if len(outcomes) != 2 or not all(outcome.done for outcome in outcomes):
            return [f"they were: {'; '.join(map(str, outcomes)) or 'none'}"]
        first, second = ({"status": each.status, "body": each.body} for each in outcomes)
        return list(differences(first, second))

    return faultless("two responses that are the same", faults)


# -- several people with one key --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WithOneKey:
    """The changes that several people have requested."""

    each: list[Requested]


def request_each(world: World, people: Sequence[User], change: Change) -> WithOneKey:
    """Each of them requests a change of their own with the same key."""
    key, each = _key(), [changes.about(world, world.users.settle(person), change) for person in people]
    for about in each:
        about.ask(world.platform.with_key(about.customer, key))
    return WithOneKey(each)


def one_each(each: Sequence[Requested], change: Change) -> dict[str, Any]:
    """What everybody has when the change of each was made once."""
    return {about.customer.alias: change.expected(1) for about in each}


# -- an interrupted commit --------------------------------------------------------------------------------------------


def interrupt_commit(world: World, customer: User, change: Change, lose: passing_faults.Loss) -> Outcome:
    """Have a request with a key lose its connection in the commit."""
    about = changes.about(world, customer, change)
    return lose(world, about, partial(about.ask, keyed(world, customer)()))
