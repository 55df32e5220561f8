"""How a run comes along, as somebody reads it who looks again and again."""

from dataclasses import dataclass, field
from typing import Any

from support.scenario import agents, waiting
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed
from support.scenario.world import ENDED, World

READ = "what was read of the run"
_QUESTIONS = 3
# Preparing the run, and the agent's own work up to its first question.
_BEFORE_THE_FIRST = 2


@dataclass(slots=True)
class Read:
    """Every state and progress that was read, in order; ``marks`` is the progress after each answer of the partner."""

    states: list[str] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)


def asks_the_partner(world: World, user: User) -> None:
    """The user's agent has put the first of its questions to the partner, who does not answer yet."""
    paths = _paths(user)
    for path in paths:
        world.partner.hold(path)
    world.running(user, agents.PROBE, input=agents.script(*({"fetch": path} for path in paths)))
    world.eventually(lambda: len(world.partner.calls(paths[0])), bool, "run starts", "the call at the partner")


def look_while_answered(world: World, user: User) -> None:
    """The user looks again and again, while the partner answers one question after the other."""
    read, run = Read(), world.run_of(user)

    def look() -> dict[str, Any]:
        stored: dict[str, Any] = world.platform.run(user, run.run_id).require()
        read.states.append(stored["status"])
        read.progress.append(stored["progress"])
        return stored

    def look_for(progress: int, what: str) -> None:
        limit = world.budgets.limit("progress shown")
        try:
            waiting.wait_for(look, lambda seen: seen["progress"] >= progress, limit, "progress")
        except DeadlinePassed as late:
            # The Then judges what was read.
            world.evidence.note("no progress was shown", after=what, reason=str(late))
        read.marks.append(read.progress[-1])

    # What was done before the first question must be shown first: only then is growth due to the partner's answer.
    look_for(_BEFORE_THE_FIRST, "the first steps")
    for path in _paths(user):
        world.partner.release(path)
        look_for(read.marks[-1] + 1, path)
    waiting.wait_for(look, lambda seen: seen["status"] in ENDED, world.budgets.limit("run ends"), "the end of the run")
    # Whoever looks once more must not read an older state.
    for _ in range(_QUESTIONS):
        look()
    world.facts[READ] = read


def _paths(user: User) -> list[str]:
    return [f"{own_path(user)}-{number}" for number in range(_QUESTIONS)]
