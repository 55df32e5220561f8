"""Named budgets: how long the platform may take, and how much of that it really took."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from support.scenario.verdict import Verdict

_FILE = Path(__file__).with_name("budgets.toml")


@dataclass(frozen=True, slots=True)
class Budget:
    """One named limit. ``limit`` and ``ceiling`` are in ``unit`` (seconds or bytes)."""

    name: str
    limit: float
    unit: str
    promise: str
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """How much of a budget one observation used; ``share`` 1.0 is all of it."""

    budget: str
    limit: float
    used: float
    unit: str

    @property
    def share(self) -> float:
        return self.used / self.limit

    def to_json(self) -> dict[str, Any]:
        """As results and evidence have it."""
        return asdict(self) | {"used": round(self.used, 6), "share": round(self.share, 4)}


def verdict_of_use(use: BudgetUse, lost: float) -> Verdict:
    """What it shows that so much was used, of which the observer itself lost some (in the budget's unit)."""
    if use.share <= 1:
        return Verdict.PROVEN
    return Verdict.INCONCLUSIVE if use.used - lost <= use.limit else Verdict.VIOLATED


@cache
def load_budgets(path: Path = _FILE) -> Mapping[str, Budget]:
    """The budgets of a file, by name; read once.

    :raises ValueError: two budgets of one name, or a limit above its ceiling.
    """
    budgets: dict[str, Budget] = {}
    for entry in tomllib.loads(path.read_text("utf-8"))["budget"]:
        budget = Budget(**entry)
        if budget.name in budgets:
            raise ValueError(f"budget {budget.name!r} stands twice in {path.name}")
        if budget.ceiling is not None and budget.limit > budget.ceiling:
            raise ValueError(f"budget {budget.name!r} is above its ceiling of {budget.ceiling} {budget.unit}")
        budgets[budget.name] = budget
    return MappingProxyType(budgets)


@dataclass(slots=True)
class Budgets:
    """The budgets of a scenario and what was used of them."""

    known: Mapping[str, Budget] = field(default_factory=load_budgets)
    uses: list[BudgetUse] = field(default_factory=list)

    def __getitem__(self, name: str) -> Budget:
        try:
            return self.known[name]
        except KeyError:
            raise KeyError(f"no budget is called {name!r}; known: {', '.join(sorted(self.known))}") from None

    def limit(self, name: str) -> float:
        """The limit of a budget, in its unit."""
        return self[name].limit

    def record(self, name: str, used: float) -> BudgetUse:
        """Keep how much of a budget was used (in its unit), for the evidence."""
        budget = self[name]
        use = BudgetUse(budget.name, budget.limit, used, budget.unit)
        self.uses.append(use)
        return use
