"""A pool of which every connection is in use: who waits, who is refused, and how the service recovers."""

from collections.abc import Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, Calls, call_of, each_call, mismatch
from support.database_management.connections import OccupiedPool, occupy, on_a_device
from support.matchers.outcomes import succeeds
from support.matchers.problems import is_fit_for_a_customer, is_refused_with
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World
from support.stores import opened

REQUESTS = {"ten requests": 10, "forty requests": 40}
_CREATED = "select title from threads where tenant_id = any(%s::uuid[]) order by created_at"


@dataclass(frozen=True, slots=True)
class MostSessions:
    """The most sessions that a service had in the database while requests found no free connection."""

    count: int


def ask_in_vain(world: World, requests: int) -> None:
    """So many requests more, until all of them have a response; nothing becomes free meanwhile."""
    pool = world.kept(OccupiedPool)
    pool.ask(requests)
    world.keep(MostSessions(pool.most_sessions()))
    world.keep(Calls([call_of(each) for each in pool.responses_to_waiting()]))


def create_in_turn(world: World, customers: Sequence[User]) -> None:
    """Each asks for a conversation, once the one before is seen to wait; then one connection becomes free."""
    pool = world.kept(OccupiedPool)
    for customer in customers:
        world.users.settle(customer)
    for customer in customers:
        pool.waiting.append(pool.send(_create, customer))
        pool.see_waiting(len(pool.waiting))
    pool.free_one()
    world.keep(Calls([call_of(each) for each in pool.responses_to_waiting()]))
    pool.free_all()


def _create(world: World, who: User) -> Outcome:
    return world.platform.create_thread(on_a_device(who), who.alias)


def expect_all_usable(world: World) -> None:
    """Free what is held still, and see as many connections in use at the same time as there may be, once more.

    :raises AssertionError: there is none.
    :raises DeadlinePassed: there are fewer.
    """
    pool = world.kept(OccupiedPool)
    pool.free_all()
    world.expect(pool.service.ask(world, world.users.customers[0]), succeeds())
    occupy(world, pool.service, None)
    world.kept(OccupiedPool).free_all()


def created_in_order(world: World, customers: Sequence[User]) -> list[str]:
    """Who has a conversation, in the order in which these came into the database."""
    return [title for (title,) in opened.rows(world, _CREATED, [[each.tenant.id for each in customers]])]


def slowest(world: World) -> float:
    """The most seconds that anybody waited for a response, since they asked and since connections became free."""
    freed_at = world.kept(OccupiedPool).freed_at
    answers = [call.answer for call in world.kept(Calls).made]
    return max(each.sent_at + each.seconds - max(each.sent_at, freed_at) for each in answers)


def ask_to_retry() -> BaseMatcher[Sequence[Call]]:
    """Each response is a temporary error that says after how many seconds to retry, and nothing internal."""
    refusal, fit = is_refused_with("unavailable"), is_fit_for_a_customer()

    def fault_of(call: Call) -> str | None:
        after = call.answer.headers.get("retry-after", "")
        if not (after.isdigit() and int(after) >= 1):
            return f"Retry-After is {after!r}: {call.answer}"
        return mismatch(refusal, call.answer) or mismatch(fit, call.answer.text)

    return each_call("every response is a temporary error with a Retry-After", fault_of)
