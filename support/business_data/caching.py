"""Allowances that the platform caches: changed through its API, read back, and the outages of the cache."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from support.business_data.conversations import Conversations
from support.platform.components import Component
from support.platform.driver import Driver
from support.platform.outcome import Outcome
from support.scenario.assets import Asset
from support.scenario.faults import Faults
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

_NOTHING, _AMOUNT, _RAISED, _BUDGET, _EXPENSE = map(Decimal, ("0.00", "1000.00", "2000.00", "100.00", "12.50"))
_HIT = re.compile(r'apex_cache_lookups_total\{.*outcome="hit"')


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance and how much of it has been used; ``spent_by``: by whom, by their aliases."""

    amount: Decimal = _NOTHING
    spent: Decimal = _NOTHING
    allotted: Decimal = _NOTHING
    spent_by: Mapping[str, Decimal] = field(default_factory=dict)

    def as_read(self, reader: str) -> dict[str, str]:
        """What the API has to show to a reader."""
        figures = {
            "monthly_amount": self.amount,
            "spent": self.spent,
            "remaining": self.amount - self.spent,
            "allotted": self.allotted,
            "spent_by_you": self.spent_by.get(reader, _NOTHING),
        }
        return {name: str(figure) for name, figure in figures.items()}

    def after(self, later: "Allowance", customer: str) -> "Allowance":
        """The later one, where it is the customer who has spent the difference."""
        own = self.spent_by.get(customer, _NOTHING) + later.spent - self.spent
        return replace(later, spent_by={**self.spent_by, customer: own})


@dataclass(frozen=True, slots=True)
class CurrentAllowances:
    """What each organisation's allowance is by now, by the organisation's alias."""

    of: dict[str, Allowance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllowanceChange:
    """What changes an allowance (sent to an instance of the API), and what the allowance is after it."""

    send: Callable[[Driver, User, str | None], Outcome]
    apply: Callable[[Allowance], Allowance]


def _setting(amount: Decimal) -> AllowanceChange:
    return AllowanceChange(
        lambda platform, user, at: platform.set_allowance(user, str(amount), instance=at),
        lambda current: replace(current, amount=amount),
    )


_BOOK = AllowanceChange(
    lambda platform, user, at: platform.book_expense(user, str(_EXPENSE), "Books", instance=at),
    lambda current: replace(current, spent=current.spent + _EXPENSE),
)
_ALLOT = AllowanceChange(
    lambda platform, user, at: platform.allot(user, "Research", str(_BUDGET), instance=at),
    lambda current: replace(current, allotted=current.allotted + _BUDGET),
)
CHANGES = {
    "sets an allowance": _setting(_RAISED),
    "raises the allowance": _setting(_RAISED),
    "books an expense": _BOOK,
    "gives a team a budget": _ALLOT,
}


def change(world: World, customer: User, how: AllowanceChange, instance: str | None = None) -> Outcome:
    """Change the customer's allowance through an instance of the backend, and note what it is from then on."""
    allowances, alias = _current(world).of, customer.tenant.alias
    before = allowances.get(alias, Allowance())
    allowances[alias] = before.after(how.apply(before), customer.alias)
    world.outcome = answer = how.send(world.platform, customer, instance)
    return answer


def expected(world: World, reader: User) -> dict[str, str]:
    """What the reader's organisation has to read."""
    return _current(world).of[reader.tenant.alias].as_read(reader.alias)


def _current(world: World) -> CurrentAllowances:
    return world.kept_or(CurrentAllowances, CurrentAllowances)


# -- reading ----------------------------------------------------------------------------------------------------------


def read(world: World, reader: User, instance: str | None = None) -> dict[str, Any]:
    """The allowance as somebody of the organisation reads it; the refusal, where the platform refuses it."""
    answer = world.platform.allowance(reader, instance=instance)
    if not answer.done:
        return {"refused": str(answer)}
    return {name: getattr(answer.value, name) for name in Allowance().as_read(reader.alias)}


def read_before_there_is_one(world: World, reader: User) -> None:
    """Somebody reads that the organisation has no allowance.

    :raises NotShown: it has one.
    """
    if world.platform.allowance(reader).done:
        raise NotShown(f"{reader}'s organisation has an allowance")


def read_from_cache(world: World, reader: User, instance: str | None = None) -> dict[str, Any]:
    """Read until an answer comes from the cache or is not as expected; gives the last one.

    :raises DeadlinePassed: none does.
    """

    def look() -> tuple[dict[str, Any], bool]:
        before = _hits(world, instance)
        seen = read(world, reader, instance)
        return seen, _hits(world, instance) > before

    awaited = expected(world, reader)
    seen, _ = world.eventually(look, lambda look: look[1] or look[0] != awaited, "cache in use", "a read from cache")
    return seen


READS = {
    "the organisation's current allowance": read,
    "the organisation's current allowance from the cache": read_from_cache,
}


def _hits(world: World, instance: str | None) -> float:
    """How often the instance has found something in its cache, by its own metrics."""
    metrics = world.platform.metrics(instance)
    metrics.require()
    # Only a line or two of a long text is of interest: parsing all of it takes longer than what is measured.
    return sum(float(line.rpartition(" ")[2]) for line in metrics.text.splitlines() if _HIT.match(line))


# -- several backends -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackendReads:
    """What each backend returned after each change, and what it had to return, by change and backend."""

    observed: dict[str, dict[str, Any]]
    expected: dict[str, dict[str, Any]]


def _change_allowance(world: World, customer: User) -> BackendReads:
    """Change the allowance through one backend after the other, and after each change read it through both."""
    backends = {"first backend": None, "second backend": world.addresses.spare_backend_url}
    reads = BackendReads({}, {})
    for (name, instance), how in zip(backends.items(), (_BOOK, _setting(_RAISED)), strict=True):
        change(world, customer, how, instance).require()
        after = f"after the change through the {name}"
        reads.observed[after] = {each: read(world, customer, backends[each]) for each in backends}
        reads.expected[after] = dict.fromkeys(backends, expected(world, customer))
    return reads


def _change_title(world: World, customer: User) -> BackendReads:
    """Rename the conversation through one backend after the other, and after each change read it through both."""
    (conversation,) = world.kept(Conversations).of(customer)
    backends = {"first backend": None, "second backend": world.addresses.spare_backend_url}
    reads = BackendReads({}, {})
    for name, instance in backends.items():
        title = f"Renamed through the {name} {customer.tenant.marker}"
        world.platform.rename_thread(customer, conversation.id, title, instance=instance).require()
        answers = {each: world.platform.thread(customer, conversation.id, instance=at) for each, at in backends.items()}
        after = f"after the change through the {name}"
        reads.observed[after] = {each: {"title": _title(answer)} for each, answer in answers.items()}
        reads.expected[after] = {each: {"title": title} for each in backends}
    return reads


def _title(read: Outcome) -> str | None:
    """The title of a conversation that was read; the refusal, where the platform refuses it."""
    title: str | None = read.value.title if read.done else str(read)
    return title


ON_EACH_BACKEND = {"allowance": _change_allowance, "title of the conversation": _change_title}


# -- what a customer has ----------------------------------------------------------------------------------------------


def _cached(world: World, owner: User) -> None:
    change(world, owner, _setting(_AMOUNT)).require()
    read_from_cache(world, owner)


def _cached_by_two_backends(world: World, owner: User) -> None:
    world.faults.start_spare(Component.SPARE_API)
    _cached(world, owner)
    read_from_cache(world, owner, world.addresses.spare_backend_url)


def _read_through_two_backends(world: World, owner: User) -> None:
    world.faults.start_spare(Component.SPARE_API)
    change(world, owner, _setting(_AMOUNT)).require()
    for instance in (None, world.addresses.spare_backend_url):
        world.platform.allowance(owner, instance=instance).require()


ASSETS: dict[str, Asset] = {
    "a cached allowance": _cached,
    "an allowance cached by two backends": _cached_by_two_backends,
    "an allowance read through two backends": _read_through_two_backends,
    "a new expense": lambda world, owner: change(world, owner, _BOOK).require(),
}


# -- outages of the cache ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CacheFailure:
    """How the cache fails, and how it recovers."""

    inject: Callable[[Faults], None]
    recover: Callable[[Faults], None]


FAILURES = {
    # It is empty and running again at once.
    "has lost its data": CacheFailure(lambda faults: faults.lose_data(), lambda faults: None),
    "has crashed": CacheFailure(
        lambda faults: faults.lose(Component.CACHE), lambda faults: faults.bring_back(Component.CACHE)
    ),
    "does not respond": CacheFailure(
        lambda faults: faults.freeze(Component.CACHE), lambda faults: faults.thaw(Component.CACHE)
    ),
    "is full": CacheFailure(lambda faults: faults.fill_cache(), lambda faults: faults.empty_cache()),
    "is unreachable": CacheFailure(
        lambda faults: faults.cut_off(Component.CACHE), lambda faults: faults.heal(Component.CACHE)
    ),
}
