"""What customers have agents do, by the words of a feature: the platform's own agents, and those with a flaw.

A ``Work`` starts a run for a user and returns it; None when the platform refused it. What a category alone needs it
adds with a table of its own, and `steps/_vocabulary.py` brings the tables together.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.platform.runs import RunStatus
from support.scenario import agents, held_runs
from support.scenario.partner import PRICES, own_path
from support.scenario.users import User
from support.scenario.world import RunHandle, World

Work = Callable[[World, User], RunHandle | None]


def of(agent_name: str, input: Mapping[str, Any] | None = None) -> Work:
    """A run of an agent with an input."""
    return lambda world, user: world.start_run(user, agent_name, input=input)


def probe(script: Mapping[str, Any]) -> Work:
    """A run of the probe agent that follows a script, see :mod:`support.scenario.agents`."""
    return of(agents.PROBE, script)


def done(world: World, user: User, work: Work) -> RunHandle:
    """Have work done to its end.

    :raises NotShown: the platform refused it.
    """
    run = started(world, user, work)
    world.ended(run)
    return run


def started(world: World, user: User, work: Work) -> RunHandle:
    """Have work begun, where a scenario only needs it.

    :raises NotShown: the platform refused it.
    """
    run = work(world, user)
    return world.last_run if run is None else run


def unfinished(world: World, people: Sequence[User], work: Work) -> list[str]:
    """What does not complete when everybody has work done, all of it at once."""
    runs = [started(world, user, work) for user in people]
    ended = [world.ended(run) for run in runs]
    return [
        f"{run.run_id} of {run.user}: {end.status}"
        for run, end in zip(runs, ended, strict=True)
        if end.status is not RunStatus.COMPLETED
    ]


def at_the_same_moment(world: World, work: Work) -> None:
    """Have each customer run work that asks for the partner's prices, all of them at work at the same time.

    All of them have ended when this returns.
    """
    users = world.users.customers
    world.partner.hold(PRICES)
    with ThreadPoolExecutor(len(users)) as together:
        runs = list(together.map(lambda user: started(world, user, work), users))
    world.eventually(
        lambda: sum(call.open for call in world.partner.calls(PRICES)),
        lambda waiting: waiting == len(users),
        "run starts",
        "the calls that wait at the partner",
    )
    world.partner.release(PRICES)
    for run in runs:
        world.ended(run)


def _refused_by_the_partner(status: int) -> Work:
    """A run whose tool the partner answers with that status."""

    def start(world: World, user: User) -> RunHandle | None:
        path = own_path(user)
        # What the partner says of its inside is nothing for customers.
        world.partner.fail(path, status, {"error": agents.INTERNALS})
        return world.start_run(user, agents.PROBE, input=agents.fetching(path))

    return start


WORK: dict[str, Work] = {
    **{f"a {agent.value}": of(agent.wire) for agent in agents.Agent},
    "an agent that waits for the partner": held_runs.waiting_run,
    "an agent that hangs past its time limit": held_runs.hanging_run,
    "an agent that hangs, with a time limit of a day": held_runs.hanging_for_a_day,
    "an agent that blocks its worker past its time limit": held_runs.blocking_run,
    "an agent that blocks its worker": held_runs.blocked_worker,
    "an agent that crashes": probe(agents.crashing()),
    "an agent that crashes over a wrong value": probe(agents.crashing("ValueError")),
    "an agent that crashes over a missing entry": probe(agents.crashing("KeyError")),
    "an agent that crashes over a refused connection": probe(agents.crashing("ConnectionError")),
    "an agent whose answer cannot be stored": probe(agents.script({"answer": "\\ud800"})),
    "an agent that ignores its time limit": held_runs.ignoring_run,
    "an agent that answers when its time is over": held_runs.answering_late,
    "an agent one of whose two tools fails": probe(
        agents.calling_together(
            agents.call("probe_fail", message="Not today."), agents.call("probe_fetch", path=PRICES)
        )
    ),
    "an agent that gives up waiting": probe(agents.script({"time_out": agents.INTERNALS})),
    "an agent whose tool names a password": probe(
        agents.with_failing_tool("Cannot log in with password=hunter2hunter2")
    ),
    "an agent whose tool is temporarily unavailable": probe(agents.with_failing_tool("Not ready yet.")),
    "an agent that the partner asks to slow down": _refused_by_the_partner(429),
    "an agent whose request the partner rejects": _refused_by_the_partner(400),
    "an agent whose partner is out of order": _refused_by_the_partner(503),
    "an agent whose tool is faulty": probe(agents.with_broken_tool()),
}
