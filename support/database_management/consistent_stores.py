"""The end of a run, which goes to the database, the event stream and the analytics store, and what is lost on the way.

The end is held back where it has been written in part, and its deliveries where they have arrived and are not noted as
delivered: so each store is lost at just that moment.
"""

from collections.abc import Callable, Sequence

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.components import Component
from support.platform.outcome import Outcome
from support.platform.values import Undelivered
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold

STORES = {
    "database": Component.DATABASE,
    "event stream": Component.CACHE,
    "analytics store": Component.ANALYTICS_STORE,
}
_TOPICS = {Component.CACHE: "events", Component.ANALYTICS_STORE: "analytics"}
# Seconds: longer than what one delivery is tried for that is refused for a reason of its own.
_OUTAGE = 3.0
_UNDELIVERED = "select topic from outbox where payload ->> 'run_id' = %s"
_WAITS_FOR_REPLICA = "select true from pg_stat_activity where pid = %s and wait_event = 'SyncRep'"
# A relay that has rows in hand does nothing in the database until their store has answered.
_IN_HAND = "select true from pg_stat_activity where state = 'idle in transaction' and query like '%%outbox_batch%%'"


def _end_begun(world: World, customer: User) -> tuple[Hold, int]:
    """Have the customer's waiting run end: its state is written, and its answer waits. Also gives its session."""
    hold = Hold(world).rows(customer.tenant, "threads")
    world.partner.release(own_path(customer))
    return hold, hold.wait_for_first()


def _is_missed(world: World, customer: User, store: Component) -> bool:
    """Whether the end comes to be stored and delivered to every store but this one; what else it is, others judge."""
    run = world.run_of(customer).run_id

    def missed() -> bool:
        is_end = world.platform.run(customer, run).require().status.is_end
        return bool(is_end and opened.rows(world, _UNDELIVERED, [run]) == [(_TOPICS[store],)])

    world.try_to_see(missed, "records agree", "an end that this store alone misses")
    return missed()


def _lose_before(world: World, customer: User, store: Component) -> None:
    """The database crashes with a part of the end; another store is unreachable until it has missed the end."""
    hold, _ = _end_begun(world, customer)
    if store is Component.DATABASE:
        world.faults.restart(store)
        return
    world.faults.cut_off(store)
    hold.release()
    if _is_missed(world, customer, store):
        # Whoever delivers must not give it up for that.
        world.holds_while(lambda: opened.rows(world, _UNDELIVERED, [world.run_of(customer).run_id]), bool, _OUTAGE)
    world.faults.heal(store)


def _lose_while(world: World, customer: User, store: Component) -> None:
    """The database has committed the end when its confirmation is lost; another store crashes with the delivery in
    flight.
    """
    hold, session = _end_begun(world, customer)
    if store is Component.DATABASE:
        # Who commits is answered once the replica has it, too.
        world.faults.freeze(Component.REPLICA)
        hold.release()
        _seen(world, _WAITS_FOR_REPLICA, session)
        hold.break_off(session)
        world.faults.thaw(Component.REPLICA)
        return
    world.faults.silence(store)
    hold.release()
    if _is_missed(world, customer, store):
        _seen(world, _IN_HAND)
    world.faults.lose(store)
    world.faults.heal(store)
    world.faults.bring_back(store)


def _lose_after(world: World, customer: User, store: Component) -> None:
    """The store crashes when it has received what is not noted as delivered: it will be delivered once more."""
    hold, _ = _end_begun(world, customer)
    via = Component.CACHE if store is Component.DATABASE else store
    world.faults.cut_off(via)
    hold.release()
    if not _is_missed(world, customer, via):
        world.faults.heal(via)
        return
    noting = Hold(world).table("outbox")
    world.faults.heal(via)
    session = noting.wait_for_first()
    world.faults.lose(store)
    if store is not Component.DATABASE:
        noting.break_off(session)
    noting.release()
    world.faults.bring_back(store)


MOMENTS: dict[str, Callable[[World, User, Component], None]] = {
    "before": _lose_before,
    "while": _lose_while,
    "after": _lose_after,
}


def _seen(world: World, query: str, *parameters: object) -> None:
    world.eventually(lambda: opened.rows(world, query, parameters), bool, "request under way", query)


# -- what its store refuses -------------------------------------------------------------------------------------------


def refuse_end(world: World, customer: User) -> None:
    """Have something else lie where the customer's stream is when their waiting run ends."""
    world.holds_up("the stream refuses the end of a run")
    hold, _ = _end_begun(world, customer)
    stream, aside = _names(world, customer)
    with opened.cache(world.addresses) as cache:
        cache.rename(stream, aside)
        cache.set(stream, "no stream", ex=600)
    world.undo.register("deliver what was set aside", lambda: deliver_again(world))
    hold.release()


def deliver_again(world: World) -> Outcome:
    """Put the streams back, and have the operator deliver what was set aside."""
    with opened.cache(world.addresses) as cache:
        for user in world.users.customers:
            stream, aside = _names(world, user)
            if cache.exists(aside):
                cache.rename(aside, stream)
    return world.platform.deliver_again(world.users.operator)


def _names(world: World, customer: User) -> tuple[str, str]:
    """Where the customer's stream is, and where it lies meanwhile."""
    assert world.target.ownership is not None
    return f"{world.target.ownership.event_streams}{customer.id}", f"aside:{customer.id}"


def set_aside(world: World) -> Sequence[Undelivered]:
    """What the operator finds set aside."""
    found: Sequence[Undelivered] = world.platform.undelivered(world.users.operator).require().items
    return found


def refused_event_of(customer: User) -> BaseMatcher[Sequence[Undelivered]]:
    """One event of the customer's organisation, with a reason, and nothing else."""

    def faults_of(found: Sequence[Undelivered]) -> list[str]:
        if [(item.tenant_id, item.topic) for item in found] != [(customer.tenant.id, "events")]:
            return [f"set aside is: {'; '.join(map(str, found)) or 'nothing'}"]
        return [] if found[0].reason.strip() else ["no reason is given"]

    return faultless(f"one event of {customer.tenant.alias}, with the reason", faults_of)
