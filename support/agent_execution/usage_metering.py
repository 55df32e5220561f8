"""Runs whose use of the machine is judged."""

from collections.abc import Sequence

from support.scenario import agents
from support.scenario.assets import Asset, idle_servers
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World

LARGE_DOCUMENT, ONE_READING = 200_000, 0.005
"""Characters of a document that is read again and again, and the seconds that the partner takes each time."""
ROUNDS = 5
"""How often the customers' agents run in turn: so often that each of them was left undisturbed once."""

ASSETS: dict[str, Asset] = {
    "two hundred servers in the cloud": idle_servers(200),
    "four hundred servers in the cloud": idle_servers(400),
}


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


def run_in_turn(world: World, customers: Sequence[User], agent_name: str) -> None:
    """Have the customers' agents run one after the other, again and again.

    The machine's speed drifts with what else it has to do: in turn, those who are compared share all of it.
    """
    # Told of each end over a connection, nobody keeps the platform at work by asking for it meanwhile.
    watching = {customer: world.watch(customer) for customer in customers}
    for number in range(ROUNDS):
        # There and back: what a run leaves to be done after its end is not always in the way of the same customer.
        for customer in customers if number % 2 == 0 else reversed(customers):
            run = world.running(customer, agent_name)
            watching[customer].wait_for_end(run, within=world.budgets.limit("run ends"))


WORK: dict[str, Work] = {"an agent that works hard until it is stopped": hard_working_run}
