"""A great number of different operations by several customers at once."""

from dataclasses import replace

from support.api import concurrent_requests
from support.api.concurrent_requests import Conversations
from support.load import populations
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.scenario import agents, planting
from support.scenario.users import Plan, User
from support.scenario.verdict import NotShown
from support.scenario.world import World

_ROUNDS = {"full": 8, "small": 2}
"""How often each of ten customers does everything, by the run's profile; eight times are a thousand operations."""
_RUNS = 5
"""Of each of ten customers: of all runs together a worker has more than it may keep connections for next time."""
_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def customers_at_work(world: World) -> None:
    """Ten customers of one plan, each with a conversation, stored usage and an allowance, who have done everything."""
    populations.at_once(world.users.owners(10), lambda owner: world.users.settle(owner, Plan.MID))
    for customer in world.users.customers:
        planting.usage(world, customer.tenant)
        world.platform.set_allowance(customer, "100000.00").require()
    concurrent_requests.begin_conversations(world)
    operate(world, rounds=1)


def operate(world: World, rounds: int | None = None) -> None:
    """All customers do everything so many times, all of them at once.

    :raises NotShown: something else came of it than should.
    """
    begun = world.kept(Conversations).of
    times = rounds or _ROUNDS[world.settings.profile]
    plans = {user.alias: [_run(user)] * _RUNS + _plan(user, begun[user.id]) * times for user in world.users.customers}
    crowd = HttpCrowd(world, plans)
    wrong = [f"{answer}" for request, answer in crowd.answers() if answer.done == (request.about == "refused")]
    if wrong:
        raise NotShown(f"{len(wrong)} operations did not go as they should: {wrong[:3]}")


def _run(user: User) -> CrowdRequest:
    calls_a_tool = agents.trying(agents.call("probe_fail", message="Not today."))
    return CrowdRequest(user, lambda platform, who: platform.start_run(who, agents.PROBE, input=calls_a_tool))


def _plan(user: User, thread: str) -> list[CrowdRequest]:
    """Thirteen operations: reads, writes, and what must be refused in the middle of a transaction."""
    mixture = [replace(each.request, pause=0.0) for each in concurrent_requests.mixture(user, thread)]

    def refused(request: CrowdRequest) -> CrowdRequest:
        return replace(request, about="refused")

    return [
        *mixture,
        CrowdRequest(user, lambda platform, who: platform.book_expense(who, "1.00", "Mixed")),
        refused(CrowdRequest(user, lambda platform, who: platform.book_expense(who, "999999.00", "Too much"))),
        refused(CrowdRequest(user, lambda platform, who: platform.rename_thread(who, _UNKNOWN, "None"))),
    ]
