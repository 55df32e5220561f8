"""Runs whose use of the machine is judged."""

from collections.abc import Sequence

from support import agents
from support.partner import own_path
from support.users import User
from support.verdict import NotShown
from support.world import RunHandle, World

LARGE_DOCUMENT, ONE_READING = 200_000, 0.005
"""Characters of a document that is read again and again, and the seconds that the partner takes each time."""
FEWEST_ROUNDS, MOST_ROUNDS = 5, 24
_LEAST, _WITHIN = 3, 1.1


def hard_working_run(world: World, user: User) -> RunHandle:
    """A run whose tool reads a large document again and again and computes, until the scenario ends."""
    world.users.settle(user)
    path = own_path(user)
    world.partner.serve(path, "." * LARGE_DOCUMENT, ONE_READING)
    run = world.running(user, agents.PROBE, input=agents.reading_on(path))
    world.eventually(lambda: len(world.partner.calls(path)), lambda seen: seen > 1, "run starts", "the tool at work")
    return run


def usages(world: World, customer: User) -> list[dict[str, float]]:
    """What each of the customer's runs reports to have used, oldest first."""
    return [world.ended(run)["usage"] for run in world.runs if run.user is customer]


def settled(measured: Sequence[float]) -> bool:
    """Whether what was measured has come down to what the work itself takes.

    Other work on the machine only ever adds to it: so it has when the three least agree within a tenth (the K-best
    scheme of Bryant and O'Hallaron, Computer Systems: A Programmer's Perspective).
    """
    least = sorted(measured)[:_LEAST]
    return len(least) == _LEAST and least[-1] <= least[0] * _WITHIN


def run_until_settled(world: World, customers: Sequence[User], agent_name: str) -> None:
    """Have the customers' agents run in turn until the computing time of each customer's runs has settled.

    :raises NotShown: it has not after many rounds; the machine has too much else to do to measure anything.
    """
    computed: dict[str, list[float]] = {customer.alias: [] for customer in customers}
    for number in range(1, MOST_ROUNDS + 1):
        for customer in customers:
            run = world.ended(world.running(customer, agent_name))
            computed[customer.alias].append(run["usage"]["cpu_seconds"])
        if number >= FEWEST_ROUNDS and all(map(settled, computed.values())):
            return
    raise NotShown(f"after {MOST_ROUNDS} rounds the computing times have not settled: {computed}")
