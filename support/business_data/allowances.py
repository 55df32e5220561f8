"""Allowances and the expenses booked on them, as their people read them."""

from collections.abc import Callable, Iterable
from typing import Any

from support.load.populations import at_once
from support.platform.outcome import Outcome
from support.scenario.assets import Asset
from support.scenario.users import User
from support.scenario.world import World

AMOUNT = "1000.00"
ASSETS: dict[str, Asset] = {"an allowance": lambda world, owner: world.platform.set_allowance(owner, AMOUNT).require()}


def owners(people: Iterable[User]) -> list[User]:
    """Those of the people who own their organisation."""
    return [person for person in people if person.tenant.alias == person.alias]


def figure(answer: Outcome, name: str) -> Any:
    """A figure of an allowance; the refusal, where the platform refused to show it."""
    return getattr(answer.value, name) if answer.done else str(answer)


def found(world: World, person: User) -> dict[str, Any]:
    """What a person finds of expenses: how much the organisation and they have spent, and what is booked."""
    answer = world.platform.allowance(person)
    booked = world.platform.expenses(person).require().items
    return {
        "spent": figure(answer, "spent"),
        "spent by you": figure(answer, "spent_by_you"),
        "booked": [(item.amount, item.purpose) for item in booked],
    }


def found_by_each(people: Iterable[User], look: Callable[[User], Any]) -> dict[str, Any]:
    """What each of many people finds, by their aliases; several look at a time."""
    seen: dict[str, Any] = {}
    at_once(people, lambda person: seen.update({person.alias: look(person)}))
    return seen
