"""Allowances: expenses that many book on one at once, budgets under it, and what its people read of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from support.load.http_crowd import Crowd, Request, side_by_side
from support.load.populations import at_once, organisations
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.assets import Asset
from support.scenario.users import Plan, User
from support.scenario.world import World
from support.stores.locks import Hold

AMOUNT = "1000.00"
# What each person books, from a device each: cents that no binary fraction holds exactly.
_EXPENSES = ("0.10", "0.20")
_WAITING = 4
"""Bookings that have reached the database before the first of them may go on."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many organisations there are, of how many people each."""

    organisations: int
    people: int


SIZES = {"full": Size(5, 10), "small": Size(2, 3)}
ASSETS: dict[str, Asset] = {"an allowance": lambda world, owner: world.platform.set_allowance(owner, AMOUNT).require()}


def shared_by_many(world: World) -> None:
    """Organisations whose people share an allowance each."""
    size = SIZES[world.settings.profile]
    people = organisations(world, size.organisations, size.people, Plan.ENTERPRISE)
    at_once(owners(people), lambda owner: world.platform.set_allowance(owner, AMOUNT).require())


def owners(people: Iterable[User]) -> list[User]:
    """Those of the people who own their organisation."""
    return [person for person in people if person.tenant.alias == person.alias]


def book_together(world: World) -> list[tuple[Request, Outcome]]:
    """Everybody books from two devices at once; their allowances are held until several bookings wait."""
    people = world.users.customers
    hold = Hold(world)
    for owner in owners(people):
        hold.rows(owner.tenant, "allowances")
    plans = {
        f"{person} books {amount}": [
            Request(person, "POST", "/v1/allowance/expenses", {"amount": amount, "purpose": f"Device {number}"})
        ]
        for person in people
        for number, amount in enumerate(_EXPENSES)
    }
    crowd = Crowd(world, plans)
    hold.wait_for(_WAITING)
    hold.release()
    return crowd.answers()


def due_of_organisations(people: Iterable[User]) -> dict[str, str]:
    """What each organisation must have spent, by its alias, when all of its people have booked everything."""
    each = sum(map(Decimal, _EXPENSES))
    counted = Counter(person.tenant.alias for person in people)
    return {alias: f"{each * count:.2f}" for alias, count in counted.items()}


def due_of_people(people: Iterable[User]) -> dict[str, dict[str, Any]]:
    """What each person must have spent, and find as booked by them."""
    spent = f"{sum(map(Decimal, _EXPENSES)):.2f}"
    return {str(person): {"spent": spent, "booked": sorted(_EXPENSES)} for person in people}


def found_by_people(world: World) -> dict[str, dict[str, Any]]:
    """What each person finds to have spent, and to have booked."""
    seen: dict[str, dict[str, Any]] = {}

    def look(person: User) -> None:
        own = found(world, person)
        booked = sorted(amount for amount, _ in own["booked"])
        seen[str(person)] = {"spent": own["spent by you"], "booked": booked}

    at_once(world.users.customers, look)
    return seen


def spent_by_organisations(world: World) -> dict[str, str | None]:
    """What each organisation has spent, as its owner reads it."""
    return {owner.alias: read(world, owner).get("spent") for owner in owners(world.users.customers)}


def read(world: World, person: User, service: str = "backend") -> Mapping[str, Any]:
    """The allowance as one of the organisation's people reads it; empty where it is refused."""
    answer = world.platform.allowance(person, service=service)
    return answer.body if answer.done else {}


def with_room_for_one(world: World, owner: User) -> list[str]:
    """Budgets of two teams that leave room to raise one of them, but not both; gives their ids.

    :raises NotShown: the platform refused them.
    """
    world.platform.set_allowance(owner, "100.00").require()
    return [world.platform.allot(owner, team, "40.00").require()["id"] for team in ("Research", "Sales")]


def raise_together(world: World, owner: User, budget_ids: Iterable[str]) -> list[Outcome]:
    """Raise all of the budgets at once, from a device each."""
    hold = Hold(world).rows(owner.tenant, "allowances", "budgets")
    devices = [(Anyone(owner.access_token), id) for id in budget_ids]
    return side_by_side(hold, *(partial(world.platform.change_budget, *device, "60.00") for device in devices))


def allotted(world: World, owner: User) -> tuple[list[str], str | None]:
    """The budgets as they stand, smallest first, and what the allowance says that they add up to."""
    items = world.platform.budgets(owner).require()["items"]
    return sorted(item["amount"] for item in items), read(world, owner).get("allotted")


def found(world: World, person: User) -> dict[str, Any]:
    """What a person finds of expenses: how much the organisation and they have spent, and what is written down."""
    seen = read(world, person)
    booked = world.platform.expenses(person).require()["items"]
    return {
        "spent": seen.get("spent"),
        "spent by you": seen.get("spent_by_you"),
        "booked": [(item["amount"], item["purpose"]) for item in booked],
    }
