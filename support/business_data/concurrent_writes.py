"""Writes that meet in the database: what all of them need is held until they wait for it, then released."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.business_data import allowances, conversations
from support.business_data.conversations import Conversations
from support.load.http_crowd import CrowdRequest, HttpCrowd, side_by_side
from support.load.populations import at_once, organisations
from support.matchers.faultless import faultless
from support.matchers.problems import is_refused_with
from support.platform.driver import Anyone
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.assets import Asset
from support.scenario.users import Plan, User
from support.scenario.world import World
from support.stores.locks import Hold

# -- expenses that many people book at once ---------------------------------------------------------------------------

# What each person books, from a device each: cents that no binary fraction holds exactly, one amount twice.
_EXPENSES = ("0.10", "0.20", "0.10")
_WAITING = 4
"""Bookings that have reached the database before the first of them continues."""
_SHARING = {"full": (5, 10), "small": (2, 3)}
"""How many organisations share an allowance, and how many people each of them has, by the run's profile."""


@dataclass(frozen=True, slots=True)
class Bookings:
    """The outcome of each booking."""

    outcomes: list[Outcome]


def _share_allowances(world: World, count: int, size: int) -> None:
    """Organisations whose allowance is used up to the cent once everybody has booked."""
    people = organisations(world, count, size, Plan.ENTERPRISE)
    at_once(allowances.owners(people), lambda owner: world.platform.set_allowance(owner, _total(size)).require())


GROUPS: dict[str, Callable[[World], None]] = {
    "five organisations of ten people with an allowance each that just suffices": lambda world: _share_allowances(
        world, *_SHARING[world.settings.profile]
    ),
    "an organisation of thirty people with an allowance that just suffices": lambda world: _share_allowances(
        world, 1, 30
    ),
}


def book_together(world: World) -> Bookings:
    """Everybody books from three devices at once; their allowances are held until several bookings wait."""
    people = world.users.customers
    hold = Hold(world)
    for owner in allowances.owners(people):
        hold.rows(owner.tenant, "allowances")
    crowd = HttpCrowd(
        world,
        {
            f"{who} books {amount} ({number})": [_booking(who, amount)]
            for who in people
            for number, amount in enumerate(_EXPENSES)
        }
        | {f"{owner} changes the allowance": [_change] for owner, _change in _changes(people)},
    )
    hold.wait_for(_WAITING)
    hold.release()
    return Bookings([outcome for _, outcome in crowd.answers()])


@dataclass(frozen=True, slots=True)
class BookingsBeside:
    """A booking that had to wait, and what was asked meanwhile: a booking of others, or a list of the same person."""

    slow: Outcome
    quick: Outcome
    was_waiting: bool


def book_beside(world: World, customer: User, other: User) -> BookingsBeside:
    """The customer books an expense while one of the other's waits for what is held in the database."""
    return _beside(world, other, lambda: world.platform.book_expense(customer, "1.00", "Quick"))


def read_beside(world: World, customer: User, owner: User) -> BookingsBeside:
    """The customer lists conversations while an expense of the owner's waits in the same way."""
    return _beside(world, owner, lambda: world.platform.threads(customer))


def _beside(world: World, slow_one: User, ask: Callable[[], Outcome]) -> BookingsBeside:
    hold = Hold(world).rows(slow_one.tenant, "allowances")
    with ThreadPoolExecutor(1) as alone:
        # A connection of its own: each carries one request at a time.
        slow = alone.submit(world.platform.book_expense, Anyone(slow_one.access_token), "1.00", "Slow")
        try:
            hold.wait_for_first()
            quick = ask()
            was_waiting = not slow.done()
        finally:
            hold.release()
        return BookingsBeside(slow.result(), quick, was_waiting)


def _booking(person: User, amount: str) -> CrowdRequest:
    return CrowdRequest(person, lambda platform, who: platform.book_expense(who, amount, f"A fee of {amount}"))


def _changes(people: Sequence[User]) -> Iterator[tuple[User, CrowdRequest]]:
    """What owners ask meanwhile: for as large an allowance as before."""
    sizes = Counter(person.tenant.alias for person in people)
    for owner in allowances.owners(people):
        yield owner, CrowdRequest(owner, partial(_set_allowance, _total(sizes[owner.tenant.alias])))


def _set_allowance(amount: str, platform: HttpDriver, who: User) -> Outcome:
    return platform.set_allowance(who, amount)


def _total(people: int = 1) -> str:
    return f"{sum(map(Decimal, _EXPENSES)) * people:.2f}"


@dataclass(frozen=True, slots=True)
class Spending:
    """How spending is read, and what it has to be, by the alias of who spent it."""

    read: Callable[[World], dict[str, Any]]
    expected: Callable[[World], dict[str, Any]]


def _of_organisations(world: World) -> dict[str, Any]:
    def look(owner: User) -> Any:
        return allowances.figure(world.platform.allowance(owner), "spent")

    return allowances.found_by_each(allowances.owners(world.users.customers), look)


def _of_people(world: World) -> dict[str, Any]:
    def look(person: User) -> dict[str, Any]:
        # The second time from the cache.
        once, again = allowances.found(world, person), allowances.found(world, person)
        spent = {found["spent by you"] for found in (once, again)}
        return {"spent": " and then ".join(sorted(spent)), "booked": sorted(amount for amount, _ in again["booked"])}

    return allowances.found_by_each(world.users.customers, look)


def _expected_of_organisations(world: World) -> dict[str, Any]:
    people = Counter(person.tenant.alias for person in world.users.customers)
    return {alias: _total(count) for alias, count in people.items()}


def _expected_of_people(world: World) -> dict[str, Any]:
    return {person.alias: {"spent": _total(), "booked": sorted(_EXPENSES)} for person in world.users.customers}


SPENDING = {
    "organisation": Spending(_of_organisations, _expected_of_organisations),
    "person": Spending(_of_people, _expected_of_people),
}


# -- conversations that many customers create at once -----------------------------------------------------------------

_CREATED = 3
_DEVICES = 16
"""Requests that are under way at the same time."""


@dataclass(frozen=True, slots=True)
class CreatedConversations:
    """The outcome of each creation."""

    outcomes: list[Outcome]


def create_together(world: World) -> CreatedConversations:
    """Everybody creates conversations, each from a device of its own."""
    wanted = [(who, title) for number in range(_CREATED) for who, title in _titles(world, number)]
    with ThreadPoolExecutor(_DEVICES) as devices:
        created = devices.map(lambda each: world.platform.create_thread(_on_a_device(each[0]), each[1]), wanted)
        return CreatedConversations(list(created))


def _titles(world: World, number: int) -> list[tuple[User, str]]:
    return [(who, f"Question {number} {who.tenant.marker}") for who in world.users.customers]


def _on_a_device(who: User) -> Anyone:
    """Another connection of theirs: one carries one request at a time."""
    return Anyone(who.access_token)


def conversations_found(world: World) -> dict[str, list[str]]:
    """The titles of the conversations that each customer finds, sorted."""
    return {
        who.alias: sorted(str(item.title) for item in world.platform.threads(who).require().items)
        for who in world.users.customers
    }


def conversations_created(world: World) -> dict[str, list[str]]:
    """The titles of those that each has created, sorted."""
    created: dict[str, list[str]] = {}
    for number in range(_CREATED):
        for who, title in _titles(world, number):
            created.setdefault(who.alias, []).append(title)
    return created


# -- two requests of which only one can succeed -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conflict:
    """The outcomes of two requests of which only one can succeed."""

    outcomes: list[Outcome]


@dataclass(frozen=True, slots=True)
class TeamBudgets:
    """The ids of the teams' budgets that share an allowance."""

    ids: list[str]


def _room_for_one(world: World, owner: User) -> None:
    """Two budgets, and room in the allowance to raise one of them, but not both."""
    world.platform.set_allowance(owner, "100.00").require()
    teams = ("Research", "Sales")
    world.keep(TeamBudgets([world.platform.allot(owner, team, "40.00").require().id for team in teams]))


ASSETS: dict[str, Asset] = {"two budgets and room to raise one of them": _room_for_one}


def _raise_both(world: World, owner: User) -> list[Outcome]:
    hold = Hold(world).rows(owner.tenant, "allowances", "budgets")
    # A device for each: one connection carries one request at a time.
    raises = [(Anyone(owner.access_token), id) for id in world.kept(TeamBudgets).ids]
    return side_by_side(hold, *(partial(world.platform.change_budget, *each, "60.00") for each in raises))


def _move_to_both(world: World, owner: User) -> list[Outcome]:
    first, *others = world.kept(Conversations).all
    messages = [item.id for item in world.platform.messages(owner, first.id).require().items]
    hold = Hold(world).rows(owner.tenant, "messages")
    moves = [(Anyone(owner.access_token), first.id, other.id, messages) for other in others]
    return side_by_side(hold, *(partial(world.platform.move_messages, *each) for each in moves))


def set_first_allowance(world: World, owner: User) -> list[Outcome]:
    """Two devices of the owner set the same allowance while there is none; neither is stored before both are asked."""
    hold = Hold(world).table("allowances")
    devices = (_on_a_device(owner), _on_a_device(owner))
    return side_by_side(hold, *(partial(world.platform.set_allowance, each, allowances.AMOUNT) for each in devices))


CONFLICTS = {
    "raises both budgets": _raise_both,
    "moves the first conversation's messages to each of the others": _move_to_both,
}
REASONS = {"the allowance is exceeded": "allowance_exceeded", "the messages have moved": "conflict"}
"""Why the second request is refused, as a feature says it, with the published code of the refusal."""


def one_succeeds_and_one_is_refused(code: str) -> BaseMatcher[Sequence[Outcome]]:
    """Of two requests one succeeds, and the other is refused with that published code."""
    refused = is_refused_with(code)

    def faults(outcomes: Sequence[Outcome]) -> list[str]:
        failed = [outcome for outcome in outcomes if not outcome.done]
        if len(outcomes) == 2 and len(failed) == 1 and refused.matches(failed[0]):
            return []
        return [f"they were: {'; '.join(map(str, outcomes)) or 'none'}"]

    return faultless(f"two requests, of which one succeeds and one is refused ({code})", faults)


def budgets_and_total(world: World, owner: User) -> dict[str, Any]:
    """The budgets as they stand, smallest first, and what the allowance says that they add up to."""
    budgets = world.platform.budgets(owner).require().items
    total = allowances.figure(world.platform.allowance(owner), "allotted")
    return {"budgets": sorted(budget.amount for budget in budgets), "total": total}


ONE_RAISED = {"budgets": ["40.00", "60.00"], "total": "100.00"}


def messages_anywhere(world: World) -> list[str]:
    """Every message of every conversation, sorted."""
    return sorted(
        text for each in world.kept(Conversations).all for _, text in conversations.read(world, each)["messages"]
    )
