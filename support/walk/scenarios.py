"""Walks that are scenarios: every day another one."""

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.scenario.world import World
from support.walk.disturbances import DISTURBANCES
from support.walk.moves import MOVES, mostly
from support.walk.people import Ground
from support.walk.taking import at_the_end, go
from support.walk.walking import Walk, draw

_STEPS = 150
_FAILING = "run agents while services fail"


def act_in_any_order(world: World, kind: str) -> None:
    """Customers of several organisations act in the order of the day, most often in this way."""
    seed = world.settings.seed
    moves = mostly(kind, {**MOVES, **DISTURBANCES} if kind == _FAILING else MOVES)
    ground = Ground.with_two_backends(world)
    walk = go(ground, draw(seed, _STEPS, moves), moves, lambda *_: None)
    calm = "" if kind == _FAILING else " --calm"
    again = f"bin/walk --seed {seed} --steps {_STEPS}{calm} --mostly '{kind}'"
    world.evidence.note("walk", again=again, told=[sentence for _, sentence in walk.told])
    world.keep(walk)
    world.keep(ground)


def reads_back(world: World) -> list[str]:
    """What is wrong when everybody reads everything and comes back to the events, a line each."""
    return at_the_end(world.kept(Ground))


def goes_as_it_must() -> BaseMatcher[Walk]:
    """Every answer was what the model says, and everything reads back as it was written."""

    def faults_of(walk: Walk) -> list[str]:
        if not walk.told:
            return ["nobody has done anything"]
        if walk.failure is None:
            return []
        before = "; ".join(sentence for _, sentence in walk.told[-3:])
        return [f"{walk.failure.sentence} (after: {before}): {'; '.join(walk.failure.faults)}"]

    return faultless("every action has the expected outcome", faults_of)
