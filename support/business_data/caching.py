"""What is read from the platform's cache: made sure that it is the cache, changed behind it, and read again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from support.business_data import allowances
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World

BACKEND = "backend"
DUE = "allowance due"
_HIT = re.compile(r'apex_cache_lookups_total\{.*outcome="hit"')
_AMOUNT, _RAISED, _BUDGET, _EXPENSE = "1000.00", "2000.00", "100.00", "12.50"


class Change(Enum):
    """How an allowance is changed, as a feature names it."""

    RAISE = "raises the allowance"
    EXPENSE = "books an expense"
    BUDGET = "gives a team a budget"


class Trouble(Enum):
    """What becomes of the cache, as a feature names it."""

    EMPTIED = "has forgotten everything"
    LOST = "is lost"
    HANGS = "hangs"
    CUT_OFF = "cannot be reached"


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of an allowance, and whether it came from the cache."""

    read: Mapping[str, Any]
    from_cache: bool


def with_cached_allowance(world: World, customer: User, amount: str = _AMOUNT) -> None:
    """The customer has an allowance, which is read from the cache.

    :raises DeadlinePassed: it never is.
    """
    world.platform.set_allowance(customer, amount).require()
    world.facts.setdefault(DUE, {})[customer.alias] = as_given(amount)
    until_cached(world, customer)


def as_given(amount: str) -> dict[str, str]:
    """An allowance of which nothing has been used."""
    return {"monthly_amount": amount, "spent": "0.00", "remaining": amount, "allotted": "0.00"}


def look(world: World, person: User, service: str = BACKEND) -> Look:
    """Read the organisation's allowance; without the reader's own part of it."""
    before = _hits(world, service)
    read = allowances.read(world, person, service)
    kept = {name: read.get(name) for name in as_given(_AMOUNT)}
    return Look(kept, _hits(world, service) > before)


def until_cached(world: World, person: User, service: str = BACKEND) -> Mapping[str, Any]:
    """Read until it comes from the cache, or is not what is due; gives what was read last."""
    due = world.recall(DUE, dict)[person.tenant.alias]
    seen = world.eventually(
        lambda: look(world, person, service), lambda seen: seen.from_cache or seen.read != due, "cache in use"
    )
    return seen.read


def change(world: World, customer: User, how: Change, service: str = BACKEND) -> Outcome:
    """Change the allowance, and note how it is to be read from then on."""
    body: dict[str, dict[str, str]] = {
        "PUT /v1/allowance": {"monthly_amount": _RAISED},
        "POST /v1/allowance/expenses": {"amount": _EXPENSE, "purpose": "Books"},
        "POST /v1/budgets": {"team": "Research", "amount": _BUDGET},
    }
    ways = dict(zip(Change, body, strict=True))
    method, _, path = ways[how].partition(" ")
    due = world.recall(DUE, dict)
    due[customer.tenant.alias] = _changed(due[customer.tenant.alias], how)
    return world.platform.request(customer, method, path, service=service, json=body[ways[how]])


def change_at_each(world: World, customer: User, services: Sequence[str]) -> list[tuple[Mapping[str, Any], list[Look]]]:
    """Change the allowance at one after the other; after each change what was due, and what all of them showed."""
    seen = []
    for service, how in zip(services, (Change.EXPENSE, Change.RAISE), strict=True):
        change(world, customer, how, service).require()
        due = world.recall(DUE, dict)[customer.tenant.alias]
        seen.append((due, [look(world, customer, each) for each in services]))
    return seen


def befall(world: World, trouble: Trouble) -> None:
    """Let something become of the cache."""
    match trouble:
        case Trouble.EMPTIED:
            world.faults.lose_data()
        case Trouble.LOST:
            world.faults.lose("redis")
        case Trouble.HANGS:
            world.faults.freeze("redis")
        case Trouble.CUT_OFF:
            world.faults.cut_off("redis")


def recover(world: World, trouble: Trouble) -> None:
    """Make good what became of the cache."""
    match trouble:
        case Trouble.LOST:
            world.faults.bring_back("redis")
        case Trouble.HANGS:
            world.faults.thaw("redis")
        case Trouble.CUT_OFF:
            world.faults.heal("redis")


def _changed(due: Mapping[str, str], how: Change) -> dict[str, str]:
    match how:
        case Change.RAISE:
            more = Decimal(_RAISED) - Decimal(due["monthly_amount"])
            return {**due, "monthly_amount": _RAISED, "remaining": str(Decimal(due["remaining"]) + more)}
        case Change.EXPENSE:
            spent, left = Decimal(due["spent"]) + Decimal(_EXPENSE), Decimal(due["remaining"]) - Decimal(_EXPENSE)
            return {**due, "spent": str(spent), "remaining": str(left)}
        case Change.BUDGET:
            return {**due, "allotted": str(Decimal(due["allotted"]) + Decimal(_BUDGET))}


def _hits(world: World, service: str) -> float:
    """How often the service has found something in its cache, as it says of itself."""
    told = world.platform.request(Anyone(), "GET", "/metrics", service=service)
    told.require()
    # Only a line or two of a long text is of interest: reading all of it takes longer than what is measured.
    return sum(float(line.rpartition(" ")[2]) for line in told.text.splitlines() if _HIT.match(line))
