"""Changes of one allowance at the same moment, and whether they end as if each had come after another.

The model is what the API promises of a single request: no more is spent, and no more allotted, than is allowed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import permutations

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import differences, faultless, short


@dataclass(frozen=True, slots=True)
class Accounts:
    """An allowance as it stands: what each person has spent of it, and each team's budget."""

    allowance: Decimal
    spent: Mapping[str, Decimal] = field(default_factory=dict)
    budgets: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool:
        """Whether neither expenses nor budgets exceed the allowance."""
        return max(sum(self.spent.values()), sum(self.budgets.values())) <= self.allowance


@dataclass(frozen=True, slots=True)
class Expense:
    """Somebody pays something."""

    who: str
    amount: Decimal

    def made(self, accounts: Accounts) -> Accounts:
        """The accounts with it."""
        spent = accounts.spent.get(self.who, Decimal()) + self.amount
        return replace(accounts, spent={**accounts.spent, self.who: spent})


@dataclass(frozen=True, slots=True)
class Budget:
    """A team has so much, from now on; ``is_new``: it had none before."""

    team: str
    amount: Decimal
    is_new: bool = False

    def made(self, accounts: Accounts) -> Accounts:
        """The accounts with it."""
        return replace(accounts, budgets={**accounts.budgets, self.team: self.amount})


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much may be spent and allotted, from now on."""

    amount: Decimal

    def made(self, accounts: Accounts) -> Accounts:
        """The accounts with it."""
        return replace(accounts, allowance=self.amount)


Operation = Expense | Budget | Allowance


@dataclass(frozen=True, slots=True)
class Result:
    """Which of the operations were made (None: nobody was told), and the accounts after them.

    ``disagreements``: where a sum is not that of what it should be the sum of.
    """

    made: tuple[bool | None, ...]
    accounts: Accounts
    disagreements: tuple[str, ...] = ()


def serial_results(start: Accounts, operations: Sequence[Operation]) -> Iterator[Result]:
    """What comes of the operations in each order: one that would exceed the allowance is refused."""
    for order in permutations(range(len(operations))):
        accounts, made = start, [False] * len(operations)
        for number in order:
            after = operations[number].made(accounts)
            if after.is_kept:
                accounts, made[number] = after, True
        yield Result(tuple(made), accounts)


def equals_a_serial_order(start: Accounts, operations: Sequence[Operation]) -> BaseMatcher[Result]:
    """The result of the operations in some order, one after the other."""
    possible = list(serial_results(start, operations))

    def faults(result: Result) -> list[str]:
        if result in possible:
            return []
        made = [f"{operation}: {_said(done)}" for operation, done in zip(operations, result.made, strict=True)]
        made += result.disagreements
        alike = [each for each in possible if each.made == result.made]
        if not alike:
            return [*made, "no order has these made and those refused", f"the accounts: {short(result.accounts)}"]
        expected = alike[0].accounts
        wrong = {
            name: list(differences(getattr(expected, name), getattr(result.accounts, name), f".{name}"))
            for name in ("allowance", "spent", "budgets")
        }
        return [*made, *(line for lines in wrong.values() for line in lines)]

    return faultless(f"the result of {len(operations)} operations one after the other, from {short(start)}", faults)


def _said(made: bool | None) -> str:
    return {True: "made", False: "refused", None: "neither made nor refused"}[made]
