"""What the metrics of a pool say, beside what PostgreSQL and those who waited know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.database_management import connections
from support.database_management.connections import A_WHILE, OccupiedPool, configured
from support.matchers.faultless import differences, faultless
from support.scenario.world import World

_SHORT = 0.1
"""A limit of the histogram's: who had to wait did so for longer, and nobody else."""


def allow_overflow(world: World) -> None:
    """Have the services open two connections more than they keep."""
    connections.reconfigure(world, lambda draft: draft.change("database pool's overflow"))


@dataclass(frozen=True, slots=True)
class Look:
    """What the metrics say at a moment, and what the database shows of the same."""

    shown: Mapping[str, int | None]
    real: Mapping[str, int]


def look(world: World) -> Look:
    """The pool at this moment, seen from both sides."""
    pool = world.kept(OccupiedPool)
    size, sessions, said = configured(world, "database pool"), pool.sessions(), pool.figures()
    shown = {"size": said.size, "in use": said.in_use, "waiting": said.waiting, "overflow": said.overflow}
    real = {
        "size": size,
        "in use": sessions.in_use,
        # Whoever has asked and is not in the database waits to get there.
        "waiting": pool.requests_under_way - sessions.in_use,
        "overflow": max(0, sessions.open - size),
    }
    return Look(shown, real)


def match_the_database() -> BaseMatcher[Look]:
    """Both sides show the same."""
    return faultless(
        "the metrics as the database shows the pool",
        lambda look: list(differences(look.real, look.shown)),
        lambda look: f"metrics {dict(look.shown)}, database {dict(look.real)}",
    )


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits as the metrics have counted them: how many were long, and the seconds of all; and the seconds that each of
    those who waited had no response.
    """

    counted: int
    seconds: float
    without_response: Sequence[float]


def waits(world: World) -> Waits:
    """The waits since the connections were in use."""
    pool = world.kept(OccupiedPool)
    before, now = pool.figures_before, pool.figures()

    def long(waits: Mapping[float, int]) -> int:
        return waits.get(float("inf"), 0) - waits.get(_SHORT, 0)

    return Waits(
        long(now.waits) - long(before.waits),
        (now.waited or 0) - (before.waited or 0),
        [response.seconds for response in pool.responses_to_waiting()],
    )


def are_all_counted(at_least: float = A_WHILE) -> BaseMatcher[Waits]:
    """Every wait is counted, with at least so many seconds, and no more than the response took."""

    def faults_of(waits: Waits) -> list[str]:
        waited, most = len(waits.without_response), sum(waits.without_response)
        if not waited:
            return ["nobody waited"]
        found = [] if waits.counted == waited else [f"{waits.counted} long waits are counted, {waited} requests waited"]
        if not waited * at_least <= waits.seconds <= most:
            found.append(
                f"{waits.seconds:.3f} s of waits are counted: {waited} requests waited for {at_least:g} s or longer, "
                f"and had their responses after {most:.3f} s in all"
            )
        return found

    return faultless("every wait in the metrics with its duration", faults_of)
