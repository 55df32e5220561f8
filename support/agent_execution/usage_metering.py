"""What runs report to have used, and how the figures of several runs compare."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.scenario import agents, work
from support.scenario.agents import Agent
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World

LARGE_DOCUMENT, ONE_READING = 200_000, 0.005
"""Characters of a document that is read again and again, and the seconds that the partner takes each time."""
FEWEST_ROUNDS, MOST_ROUNDS = 4, 16
"""How often the customers' agents run in turn: until each of them was left undisturbed twice."""
_ALIKE = 1.04
"""Two undisturbed runs of the same work differ by less."""

_CPU = "cpu_seconds"

Usage = Mapping[str, float]


class Resource(Enum):
    """What a run uses, as a feature names it."""

    COMPUTING_TIME = "CPU time"
    DATA_READ = "data read"
    WORKING_STATE = "working state"

    @property
    def field(self) -> str:
        return {"CPU time": _CPU, "data read": "bytes_read", "working state": "peak_state_bytes"}[self.value]

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


def run_in_turn(world: World, customers: Sequence[User], run_once: Work) -> None:
    """Have the customers' agents run one after the other, again and again, until the least times are no accident.

    The machine's speed drifts with what else it has to do: in turn, those who are compared share all of it. What
    disturbs a run makes it longer, so that the two shortest of the same work are alike once both were left alone.
    """
    # Each end is received over a connection: polling would use the platform's processor time meanwhile.
    watching = {customer: world.watch(customer) for customer in customers}
    for number in range(MOST_ROUNDS):
        # There and back: what a run leaves to be done after its end is not always in the way of the same customer.
        for customer in customers if number % 2 == 0 else reversed(customers):
            run = work.started(world, customer, run_once)
            watching[customer].wait_for_end(run, within=world.budgets.limit("run ends"))
        times = [[usage[_CPU] for usage in usages(world, customer)] for customer in customers]
        if number + 1 >= FEWEST_ROUNDS and all(map(are_settled, times)):
            return


def are_settled(times: Sequence[float]) -> bool:
    """Whether the two shortest times are alike."""
    shortest, second, *_ = sorted(times)
    return second <= shortest * _ALIKE


def usages(world: World, customer: User) -> list[Usage]:
    """What each of the customer's runs reports to have used, oldest first."""
    return [world.ended(run).usage for run in world.runs if run.user is customer]


# -- how they compare ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """What runs used of a resource, beside what other runs used of it.

    :param by_pairs: each run is compared with its counterpart; else the least of the ones with the least of the
        others. A processor that is shared makes the same work take longer, never shorter: of what is timed, the
        least is nearest to the work.
    """

    resource: str
    used: tuple[float, ...]
    others: tuple[float, ...]
    by_pairs: bool

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """What is compared with what; none where one of them is missing."""
        if not self.used or not self.others:
            return []
        if not self.by_pairs:
            return [(min(self.used), min(self.others))]
        return list(zip(self.used, self.others, strict=True)) if len(self.used) == len(self.others) else []


def compared(resource: Resource, used: Sequence[Usage], others: Sequence[Usage], *, by_pairs: bool) -> Comparison:
    """What runs report to have used of a resource, beside what others report."""
    mine, theirs = (tuple(usage[resource.field] for usage in usages) for usages in (used, others))
    return Comparison(resource.value, mine, theirs, by_pairs)


def is_between(low: float, high: float) -> BaseMatcher[Comparison]:
    """Every compared use is ``low`` to ``high`` times the other."""

    def faults_of(comparison: Comparison) -> list[str]:
        if not comparison.pairs:
            return [f"{comparison.resource}: nothing to compare in {comparison}"]
        ratios = [used / other if other else math.nan for used, other in comparison.pairs]
        shown = f"({comparison.used} to {comparison.others})"
        return [f"{comparison.resource}: {ratio:.2f} times {shown}" for ratio in ratios if not low <= ratio <= high]

    return faultless(f"{low:g} to {high:g} times as much", faults_of)
