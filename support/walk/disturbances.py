"""What goes wrong on a walk: processes and connections fail while customers are at work, and nothing may be lost."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.runs import RunStatus
from support.scenario import held_runs, waiting
from support.scenario.faults import Faults
from support.scenario.partner import own_path
from support.walk.people import Ended, Ground, Person, one_of
from support.walk.walking import Move, Stumble

_SERVES_AGAIN = 10.0
"""Seconds within which somebody is served after a disturbance, by every kind of request."""
_A_MOMENT = 1.0
"""Seconds for which a fault lasts at most."""
_SLOW = 0.2


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault: how it begins, and, where it lasts for a moment, how it ends."""

    begin: Callable[[Faults], None]
    end: Callable[[Faults], None] | None = None


_NAMES = {
    Component.API: "the API",
    Component.WORKERS: "a worker",
    Component.TOOLS: "the tools service",
    Component.ANALYTICS: "the analytics service",
    Component.DATABASE: "the database",
    Component.CACHE: "the cache",
}
_ON_A_LINE = (Component.DATABASE, Component.CACHE, Component.TOOLS)


def _of(component: Component) -> dict[str, Disturbance]:
    name = _NAMES[component]
    found = {
        f"{name} crashes and comes back": Disturbance(lambda faults: faults.restart(component)),
        f"{name} hangs for a moment": Disturbance(
            lambda faults: faults.freeze(component), lambda faults: faults.thaw(component)
        ),
    }
    if component in _ON_A_LINE:
        heal = partial(_heal, component)
        found |= {
            f"all connections to {name} are reset": Disturbance(lambda faults: faults.reset_connections(component)),
            f"{name} cannot be reached for a moment": Disturbance(lambda faults: faults.cut_off(component), heal),
            f"{name} is slow for a moment": Disturbance(lambda faults: faults.slow(component, _SLOW), heal),
        }
    return found


def _heal(component: Component, faults: Faults) -> None:
    faults.heal(component)


FAULTS: dict[str, Disturbance] = {
    name: disturbance for component in _NAMES for name, disturbance in _of(component).items()
}


def is_disturbed(ground: Ground, choices: random.Random) -> str | None:
    """A fault, with a run under way and two writing; the run ends one way or the other, and everybody is served again.

    What the two have written is in the books: what was answered must be there, what was refused not, and what was
    left without an answer may.
    """
    person = one_of(choices, ground.workers())
    if person is None:
        return None
    what = choices.choice(sorted(FAULTS))
    sentence = f"{what} while a run of {person} is under way"
    world = ground.world
    run = held_runs.waiting_run(world, person.user)
    writing = [partial(_writes, ground, choices.choice(ground.people), f"Draft {number}") for number in range(2)]
    with ThreadPoolExecutor(len(writing)) as together:
        disturbance = FAULTS[what]
        if disturbance.end is None:
            written = [together.submit(write) for write in writing]
            disturbance.begin(world.faults)
        else:
            disturbance.begin(world.faults)
            written = [together.submit(write) for write in writing]
            wait(written, timeout=_A_MOMENT)
            disturbance.end(world.faults)
        wrong = [fault for each in written if (fault := _wrong(each.result()))]
    if wrong:
        raise Stumble(sentence, wrong)
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
    ground.ended[run.run_id] = Ended(run, str(ended.status), world.platform.run(run.user, run.run_id).text)
    return f"{sentence} ({ended.status})"


def _writes(ground: Ground, person: Person, title: str) -> Outcome:
    return ground.world.platform.create_thread(person.user, title)


def _wrong(outcome: Outcome) -> str | None:
    """What is wrong with an answer during a fault: it may fail or not come, but not be another one."""
    if outcome.done or outcome.status is None or outcome.meaning in (Meaning.UNAVAILABLE, Meaning.FAILED):
        return None
    return f"somebody who writes meanwhile is told {outcome}"


def _is_served(ground: Ground, person: Person) -> bool:
    return all(
        platform.threads(person.user).done and platform.me(person.user).done
        for platform in ground.backends or [ground.world.platform]
    )


DISTURBANCES: dict[str, Move[Ground]] = {"disturb": Move(3, is_disturbed)}
