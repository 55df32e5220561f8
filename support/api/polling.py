"""Runs that are followed by asking again and again, as programs do that keep no connection open."""

import uuid

from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.users import User
from support.scenario.world import ENDED, World

ANSWERS = "answers on the way"


def ask_and_follow(world: World, user: User, agent_name: str) -> None:
    """Have a run asked for, looked at until it has ended, and its result read; keeps every answer."""
    platform = world.platform
    answers: list[Outcome] = [platform.agents(user)]
    run = world.running(user, agent_name)
    answers.append(world.last_outcome)

    def look() -> Outcome:
        answers.append(platform.run(user, run.run_id))
        return answers[-1]

    waiting.wait_for(
        look,
        lambda seen: not seen.done or seen.body.get("status", "completed") in ENDED,
        world.budgets.limit("run ends"),
        f"the end of run {run.run_id}",
    )
    answers += [
        platform.runs(user),
        platform.messages(user, run.thread_id or ""),
        platform.thread(user, run.thread_id or ""),
        platform.threads(user),
    ]
    world.facts[ANSWERS] = answers


def ask_wrongly(world: World, user: User) -> None:
    """Have what cannot be granted asked for in several ways; keeps every answer."""
    platform, unknown = world.platform, str(uuid.uuid4())
    world.facts[ANSWERS] = [
        platform.start_run(user, "cost_analysys"),
        platform.run(user, unknown),
        platform.cancel_run(user, unknown),
        platform.request(user, "POST", "/v1/threads", json={}),
        platform.operator_connections(user),
    ]
