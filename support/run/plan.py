"""Which scenario is played when, and where: order, lanes worth having, shards. Pure choices over durations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN_SECONDS = 1.0
"""What a scenario is taken to last that was never played."""

WORTH_SECONDS = 3.0
"""By how much a further lane must shorten the run: its stack has to start, too."""

TIMING = "timing"
"""The tag of scenarios that judge time or processor use."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One scenario that is to be played: its place in the order of the run, behave's scenario, expected seconds."""

    index: int
    scenario: Any
    name: str
    seconds: float
    timing: bool

    @classmethod
    def of(cls, index: int, scenario: Any, durations: Mapping[str, float]) -> "Planned":
        """Plan behave's scenario, by the durations of earlier runs."""
        name = name_of(scenario)
        seconds = durations.get(name, UNKNOWN_SECONDS)
        return cls(index, scenario, name, seconds, TIMING in scenario.effective_tags)


def name_of(scenario: Any) -> str:
    """What tells a scenario from all others: its file, and its title with an example's number."""
    return f"{scenario.filename}: {scenario.name.strip()}"


def in_turn(planned: Iterable[Planned], *, longest_first: bool) -> list[Planned]:
    """The order in which free lanes take scenarios; those that judge time are the last."""
    return sorted(planned, key=lambda one: (one.timing, -one.seconds if longest_first else 0.0, one.index))


def worthwhile_lanes(planned: Sequence[Planned], most: int) -> int:
    """How many lanes make the run shorter, `most` at most: a lane more must save more than its start costs."""
    shared = [one.seconds for one in planned if not one.timing]
    lanes = 1
    while lanes < most and makespan(shared, lanes) - makespan(shared, lanes + 1) > WORTH_SECONDS:
        lanes += 1
    return lanes


def makespan(seconds: Iterable[float], lanes: int) -> float:
    """Seconds until the last of `lanes` is done when each takes the longest that is left."""
    loads = [0.0] * lanes
    for one in sorted(seconds, reverse=True):
        loads[loads.index(min(loads))] += one
    return max(loads)


def shard(planned: Sequence[Planned], part: int, parts: int) -> list[Planned]:
    """The `part`-th (from 1) of `parts` parts of about equal duration; each scenario is in exactly one of them."""
    loads = [0.0] * parts
    chosen = []
    for one in sorted(planned, key=lambda one: (-one.seconds, one.name)):
        lightest = loads.index(min(loads))
        loads[lightest] += one.seconds
        if lightest == part - 1:
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.index)
