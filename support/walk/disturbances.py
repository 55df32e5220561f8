"""What goes wrong on a walk: processes and connections end while customers are at work, and nothing may be lost."""

import random
from collections.abc import Callable
from functools import partial

from support.platform.components import Component
from support.platform.runs import RunStatus
from support.scenario import held_runs, waiting
from support.scenario.faults import Faults
from support.scenario.partner import own_path
from support.walk.people import Ground, Person, one_of
from support.walk.walking import Move, Stumble

_SERVES_AGAIN = 10.0
"""Seconds within which somebody is served after a disturbance, by every kind of request."""

FAULTS: dict[str, Callable[[Faults], None]] = {
    "the API crashes and comes back": lambda faults: faults.restart(Component.API),
    "a worker crashes and comes back": lambda faults: faults.restart(Component.WORKERS),
    "the tools service crashes and comes back": lambda faults: faults.restart(Component.TOOLS),
    "the analytics service crashes and comes back": lambda faults: faults.restart(Component.ANALYTICS),
    "all connections to the database are reset": lambda faults: faults.reset_connections(Component.DATABASE),
    "all connections to the cache are reset": lambda faults: faults.reset_connections(Component.CACHE),
    "the database crashes and comes back": lambda faults: faults.restart(Component.DATABASE),
}


def is_disturbed(ground: Ground, choices: random.Random) -> str | None:
    """A fault, with a run under way; the run ends one way or the other, and everybody is served again."""
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    what = choices.choice(sorted(FAULTS))
    sentence = f"{what} while a run of {person} is under way"
    world = ground.world
    run = held_runs.waiting_run(world, person.user)
    FAULTS[what](world.faults)
    world.partner.delay(own_path(person.user), 0.0)
    ended = world.ended(run)
    world.partner.release(own_path(person.user))
    # What is lost with a process or a connection may be asked for again, and says so.
    lost = ended.status is RunStatus.FAILED and (ended.raw.get("error") or {}).get("recoverable") is True
    if ended.status is not RunStatus.COMPLETED and not lost:
        raise Stumble(sentence, [f"the run is {ended.status}: {ended.error}"])
    for each in ground.people:
        waiting.wait_for(
            partial(_is_served, ground, each), bool, _SERVES_AGAIN, f"{each} being served again after {what}"
        )
    ground.ended[run.run_id] = (run, world.platform.run(run.user, run.run_id).text)
    return f"{sentence} ({ended.status})"


def _is_served(ground: Ground, person: Person) -> bool:
    platform = ground.world.platform
    return platform.threads(person.user).done and platform.me(person.user).done


DISTURBANCES: dict[str, Move[Ground]] = {"disturb": Move(2, is_disturbed)}
