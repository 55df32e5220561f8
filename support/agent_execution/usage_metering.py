"""What runs report to have used, and how the figures of several runs compare."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from hamcrest import greater_than_or_equal_to
from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.components import Component
from support.scenario import agents, work
from support.scenario.agents import Agent
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World

LARGE_DOCUMENT, ONE_READING = 200_000, 0.005
"""Characters of a document that is read again and again, and the seconds that the partner takes each time."""
LARGE_STATE = 100_000
"""Characters of a large agent state."""
FEWEST_ROUNDS, MOST_ROUNDS = 6, 24
"""How often the customers' agents run in turn: until their mean ratio is known well enough."""
_KNOWN = 0.04
"""The standard error of a mean ratio that is known well enough, as a share of it."""

_CPU = "cpu_seconds"

Usage = Mapping[str, float]


class Resource(Enum):
    """What a run uses, as a feature names it."""

    COMPUTING_TIME = "CPU time"
    DATA_READ = "data read"
    AGENT_STATE = "agent state"

    @property
    def field(self) -> str:
        return {"CPU time": _CPU, "data read": "bytes_read", "agent state": "peak_state_bytes"}[self.value]

    @property
    def is_timed(self) -> bool:
        """Whether the same work uses more of it on a busy machine."""
        return self is Resource.COMPUTING_TIME


# -- runs whose use is judged -------------------------------------------------------------------------------------


def two_analyses(world: World, user: User) -> RunHandle:
    """Two cost analyses, one after the other; gives the second."""
    analysis = work.of(Agent.COST_ANALYSIS.wire)
    work.done(world, user, analysis)
    return work.done(world, user, analysis)


def computing_run(world: World, user: User) -> RunHandle:
    """A run whose tool reads a large document again and again and computes, until the scenario ends."""
    world.users.settle(user)
    path = own_path(user)
    world.partner.serve(path, "." * LARGE_DOCUMENT, ONE_READING)
    run = world.running(user, agents.PROBE, input=agents.reading_on(path))
    world.eventually(lambda: len(world.partner.calls(path)), lambda seen: seen > 1, "run starts", "the tool's reading")
    return run


def reading_before_failing(world: World, user: User) -> RunHandle | None:
    """A run whose only tool call reads a large document and fails at the next one."""
    large, missing = (f"{own_path(user)}-{which}" for which in ("large", "missing"))
    world.partner.serve(large, {"path": large, "text": "." * LARGE_DOCUMENT})
    world.partner.fail(missing, 404)
    reading = agents.call("probe_research", topics=[large, missing])
    return world.start_run(user, agents.PROBE, input=agents.trying(reading))


GROWING_AND_SHRINKING: Work = work.probe(
    agents.script(
        {"keep": {"notes": "." * LARGE_STATE}}, {"think": "So much."}, {"keep": {"notes": ""}}, {"think": "So little."}
    )
)
"""An agent whose state is large for a while."""


def run_in_turn(world: World, customers: Sequence[User], run_once: Work) -> None:
    """Have the customers' agents run one after the other, again and again, until their ratio is no accident.

    The processor's speed changes from one run to the next with what else its host has to do: the same work takes up
    to half as much again. In turn, those who are compared share it, and the mean of many rounds is without it.
    """
    times: dict[User, list[float]] = {customer: [] for customer in customers}
    # Each end is received over a connection: polling would use the platform's processor time meanwhile.
    watching = {customer: world.watch(customer) for customer in customers}
    for number in range(MOST_ROUNDS):
        # There and back: what a run leaves to be done after its end is not always in the way of the same customer.
        for customer in customers if number % 2 == 0 else reversed(customers):
            run = work.started(world, customer, run_once)
            watching[customer].wait_for_end(run, within=world.budgets.limit("run ends"))
            times[customer].append(world.ended(run).usage.get(_CPU, 0.0))
        first, *others = times.values()
        if number + 1 >= FEWEST_ROUNDS and all(is_known(other, first) for other in others):
            return


def run_at_once(world: World, customers: Sequence[User], run_once: Work) -> None:
    """Have each customer's agent run; the cloud answers none of them before all have asked it."""
    runs = []
    with world.faults.holding(Component.CLOUD) as waiting:
        for number, customer in enumerate(customers, 1):
            runs.append(work.started(world, customer, run_once))
            world.eventually(waiting, greater_than_or_equal_to(number), "run starts", "the calls at the cloud")
    for run in runs:
        world.ended(run)


def is_known(used: Sequence[float], others: Sequence[float]) -> bool:
    """Whether more pairs would hardly change the mean ratio; also where nothing is used, which they would not mend."""
    if not all((*used, *others)):
        return True
    logs = [math.log(mine / theirs) for mine, theirs in zip(used, others, strict=True)]
    return statistics.stdev(logs) / math.sqrt(len(logs)) <= _KNOWN


def usages(world: World, customer: User) -> list[Usage]:
    """What each of the customer's runs reports to have used, oldest first."""
    return [world.ended(run).usage for run in world.runs if run.user is customer]


# -- how they compare ---------------------------------------------------------------------------------------------


class By(Enum):
    """How what runs used is compared with what others used."""

    EACH_PAIR = "each run with its counterpart"
    MEAN_OF_PAIRS = "each run with its counterpart, and of these ratios the geometric mean"
    LEAST = "the least with the least"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What runs used of a resource, beside what other runs used of it."""

    resource: str
    used: tuple[float, ...]
    others: tuple[float, ...]
    by: By

    @property
    def ratios(self) -> list[float]:
        """How many times as much was used; none where something is missing, not a number where the others used none."""
        if not self.used or not self.others:
            return []
        if self.by is By.LEAST:
            return [_ratio(min(self.used), min(self.others))]
        if len(self.used) != len(self.others):
            return []
        ratios = list(map(_ratio, self.used, self.others))
        if self.by is By.EACH_PAIR:
            return ratios
        return [statistics.geometric_mean(ratios) if all(ratio > 0 for ratio in ratios) else math.nan]


def _ratio(used: float, others: float) -> float:
    return used / others if others else math.nan


def compared(resource: Resource, used: Sequence[Usage], others: Sequence[Usage], by: By) -> Comparison:
    """What runs report to have used of a resource (nothing, where they do not report it), beside what others report."""
    mine, theirs = (tuple(usage.get(resource.field, 0.0) for usage in usages) for usages in (used, others))
    return Comparison(resource.value, mine, theirs, by)


def is_between(low: float, high: float) -> BaseMatcher[Comparison]:
    """Every compared use is ``low`` to ``high`` times the other."""

    def faults_of(comparison: Comparison) -> list[str]:
        if not comparison.ratios:
            return [f"{comparison.resource}: nothing to compare in {comparison}"]
        outside = [ratio for ratio in comparison.ratios if not low <= ratio <= high]
        shown = f"({comparison.by.value}: {comparison.used} to {comparison.others})"
        return [f"{comparison.resource}: {ratio:.2f} times {shown}" for ratio in outside]

    return faultless(f"{low:g} to {high:g} times as much", faults_of)
