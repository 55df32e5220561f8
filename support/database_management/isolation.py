"""People of one organisation who change what they share at the same moment, and who look at it meanwhile."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from support.database_management import changes
from support.database_management.changes import AMOUNT, CHANGES, TEXT, Change
from support.database_management.serial_order import Accounts, Allowance, Budget, Expense, Operation, Result
from support.load.http_crowd import side_by_side
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import Role, User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold

OWNER, COLLEAGUE = "the owner", "the colleague"
_START = Accounts(
    Decimal("1000.00"), {OWNER: Decimal("400.00")}, {"Research": Decimal("400.00"), "Sales": Decimal("400.00")}
)


def _expense(who: str, amount: str) -> Expense:
    return Expense(who, Decimal(amount))


def _budget(team: str, amount: str, is_new: bool = False) -> Budget:
    return Budget(team, Decimal(amount), is_new)


@dataclass(frozen=True, slots=True)
class AtOnce:
    """Operations that are asked for at the same moment; on two instances of the API in turn, where it says so."""

    operations: tuple[Operation, ...]
    is_on_two: bool = False


_MANY = (
    _expense(OWNER, "300.10"),
    _expense(COLLEAGUE, "300.20"),
    _expense(COLLEAGUE, "100.30"),
    _budget("Research", "500.00"),
    _budget("Marketing", "100.00", is_new=True),
    Allowance(Decimal("900.00")),
)
OPERATIONS: Mapping[str, AtOnce] = {
    "two expenses with room for both": AtOnce((_expense(OWNER, "200.10"), _expense(OWNER, "200.20"))),
    "two expenses with room for one": AtOnce((_expense(OWNER, "500.00"), _expense(COLLEAGUE, "500.00"))),
    "two higher budgets with room for one": AtOnce((_budget("Research", "600.00"), _budget("Sales", "600.00"))),
    "a higher and a new budget with room for one": AtOnce(
        (_budget("Research", "600.00"), _budget("Marketing", "200.00", is_new=True))
    ),
    "an expense and a lower allowance": AtOnce((_expense(COLLEAGUE, "500.00"), Allowance(Decimal("800.00")))),
    "a higher budget and a lower allowance": AtOnce((_budget("Research", "600.00"), Allowance(Decimal("900.00")))),
    "six changes of all kinds": AtOnce(_MANY),
    "six changes of all kinds on two backends": AtOnce(_MANY, is_on_two=True),
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What was asked for at once, and what came of it."""

    operations: tuple[Operation, ...]
    result: Result
    start: Accounts = _START


def request_at_once(world: World, people: Sequence[User], at_once: AtOnce) -> Changed:
    """The operations wait for one another's rows until all of them are under way.

    :param people: the owner, and a colleague who may change budgets as well.
    """
    owner, colleague = people[0], world.users.settle(people[1], role=Role.ADMIN)
    who = {OWNER: owner, COLLEAGUE: colleague}
    teams = _prepare(world, owner)
    instances = [None, world.addresses.spare_backend_url if at_once.is_on_two else None]
    asks = [
        partial(_ask, world, who, teams, operation, instances[number % 2])
        for number, operation in enumerate(at_once.operations)
    ]
    outcomes = side_by_side(Hold(world).rows(owner.tenant, "allowances"), *asks)
    made = tuple(None if _is_neither(outcome) else outcome.done for outcome in outcomes)
    return Changed(at_once.operations, _result(world, who, made))


def _prepare(world: World, owner: User) -> dict[str, str]:
    """Have the accounts be as they are at the start; the IDs of the budgets."""
    world.platform.set_allowance(owner, str(_START.allowance)).require()
    world.platform.book_expense(owner, str(_START.spent[OWNER]), "Before").require()
    budgets = {team: world.platform.allot(owner, team, str(amount)) for team, amount in _START.budgets.items()}
    return {team: budget.require().id for team, budget in budgets.items()}


def _ask(
    world: World, who: Mapping[str, User], teams: Mapping[str, str], operation: Operation, instance: str | None
) -> Outcome:
    amount, platform = str(operation.amount), world.platform
    if isinstance(operation, Expense):
        caller = Anyone(who[operation.who].access_token)
        return platform.book_expense(caller, amount, "At once", instance=instance)
    caller = Anyone(who[COLLEAGUE if isinstance(operation, Budget) else OWNER].access_token)
    if isinstance(operation, Allowance):
        return platform.set_allowance(caller, amount, instance=instance)
    if operation.is_new:
        return platform.allot(caller, operation.team, amount, instance=instance)
    return platform.change_budget(caller, teams[operation.team], amount)


def _is_neither(outcome: Outcome) -> bool:
    return not outcome.done and (outcome.problem is None or outcome.problem.code != "allowance_exceeded")


def _result(world: World, who: Mapping[str, User], made: tuple[bool | None, ...]) -> Result:
    """The accounts as their people read them; sums, and what they are the sums of, have to agree."""
    owner = who[OWNER]
    statement = world.platform.allowance(owner).require()
    budgets = {item.team: Decimal(item.amount) for item in world.platform.budgets(owner).require().items}
    sums = {"allotted": (statement.allotted, sum(budgets.values()))}
    spent: dict[str, Decimal] = {}
    for name, user in who.items():
        booked = sum((Decimal(item.amount) for item in world.platform.expenses(user).require().items), Decimal())
        sums[f"spent by {name}"] = (world.platform.allowance(user).require().spent_by_you, booked)
        spent |= {name: booked} if booked else {}
    sums["spent"] = (statement.spent, sum(spent.values()))
    wrong = [
        f"{name}: {shown} is shown, the sum is {sum_}" for name, (shown, sum_) in sums.items() if Decimal(shown) != sum_
    ]
    return Result(made, Accounts(Decimal(statement.monthly_amount), spent, budgets), tuple(wrong))


# -- looking while a change is unfinished -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shared:
    """A change of what an organisation shares, and what its people see differently after it.

    ``last`` is the table with the row that it refers to when it has written what they see.
    """

    change: Change
    last: str
    after: Mapping[str, Any]


SHARED: Mapping[str, Shared] = {
    "expense": Shared(CHANGES["expense"], "users", {"spent": AMOUNT}),
    "budget": Shared(CHANGES["budget"], "tenants", {"allotted": AMOUNT, "teams": [(TEXT, AMOUNT)]}),
}


@dataclass(frozen=True, slots=True)
class Looks:
    """What somebody saw before a change of somebody else, while it was unfinished, and after it; and should have."""

    before: Any
    during: list[Any]
    after: Any
    expected: Any


def look_meanwhile(world: World, viewer: User, customer: User, shared: Shared) -> Looks:
    """The change has written what others can see, and waits for what is held until the viewer has looked.

    :raises NotShown: the change has not written anything when it waits.
    """
    world.users.settle(viewer)
    about = changes.about(world, customer, shared.change)
    before = _seen(world, viewer)
    hold = Hold(world).rows(customer.tenant, shared.last)
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(about.ask)
        try:
            has_written = hold.writes_to(hold.wait_for_first(), "allowances")
            # The second time from the cache.
            during = [_seen(world, viewer) for _ in range(2)]
            # Written and not yet visible, or visible already: which of them is for the Then to judge.
            if not has_written and during[0] == before:
                raise NotShown("the change has written nothing when it waits")
        finally:
            hold.release()
        world.outcome = answer.result()
    return Looks(before, during, _seen(world, viewer), {**before, **shared.after})


def _seen(world: World, viewer: User) -> dict[str, Any]:
    allowance = world.platform.allowance(viewer).require()
    teams = [(item.team, item.amount) for item in world.platform.budgets(viewer).require().items]
    return {"spent": allowance.spent, "allotted": allowance.allotted, "teams": teams}
