"""Connections of which the other end is lost or stalled, and how soon the platform closes them."""

import time
from dataclasses import dataclass

from hamcrest import less_than

from support.load.populations import ConnectionMemory
from support.platform.components import Component
from support.platform.streams import Transport
from support.scenario import agents, work
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World
from support.stack.client import Fault, Link
from support.stack.memory import private_bytes

LARGE_ANALYSIS = work.probe(agents.long_winded(400, 20_000))
"""A run with some megabytes of events, more than the buffers between the platform and a customer hold."""
_HARDLY = 20_000
"""Bytes a second."""
_FIRST_STEPS, _MANY_STEPS = (300, 1_500), (4_500, 1_500)
"""How many steps, and the characters of each: many megabytes in all, and so few that wait that they take little."""


@dataclass(frozen=True, slots=True)
class DroppedConnection:
    """A connection that was lost: how many the platform had before, and when it was lost (monotonic seconds)."""

    open_connections: int
    lost_at: float


def many_steps(world: World, user: User) -> RunHandle:
    """A run with thousands of events, and what they add to the memory of the user's connection."""
    world.breaks_stories("more events than the platform keeps")
    # What a service needs for its very first events is no cost of each of them.
    world.ended(world.running(user, agents.PROBE, input=agents.long_winded(*_FIRST_STEPS)))
    before = private_bytes(world.stack, world.target.part(Component.API).service)
    run = world.running(user, agents.PROBE, input=agents.long_winded(*_MANY_STEPS))
    world.ended(run)
    world.keep(ConnectionMemory(private_bytes(world.stack, world.target.part(Component.API).service) - before))
    return run


def stall(world: World, user: User) -> None:
    """The user watches, and reads nothing once the stream is open."""
    world.own_link(user)
    world.watch(user)
    drop(world, user, Fault("blackhole", direction="to_client"))


def catch_up_slowly(world: World, user: User) -> None:
    """The user has missed many megabytes of events, and reconnects over a line that would take minutes for them."""
    link = world.own_link(user)
    capture = world.watch(user)
    capture.drop()
    LARGE_ANALYSIS(world, user)
    world.ended(world.run_of(user))
    link.set_fault(Fault("rate", direction="to_client", bytes_per_second=_HARDLY))
    capture.reconnect(within=world.budgets.limit("reconnect"))


def drop(world: World, user: User, fault: Fault) -> None:
    """The link of a connected user fails; the platform is to close their connection."""
    # Under a name, because a shared sentence reads it there.
    world.keep(DroppedConnection(_open_connections(world), lost_at=time.monotonic()))
    own_link(user).set_fault(fault)


def to_second_backend(world: World) -> Transport:
    """How events come from the other instance of the API."""
    return world.platform.transport(world.addresses.spare_backend_url.replace("http", "ws", 1))


def own_link(user: User) -> Link:
    """The user's own link.

    :raises NotShown: they have none.
    """
    if user.link is None:
        raise NotShown(f"{user} watches over the common link")
    return user.link


def seconds_until_closed(world: World, dropped: DroppedConnection) -> float:
    """Seconds from the loss of the connection until the operator sees one connection less.

    :raises DeadlinePassed: the platform still has it.
    :raises NotShown: nobody looked before the time was over.
    """
    limit = world.budgets.limit("dropped connection closed")
    looked_after = time.monotonic() - dropped.lost_at
    if looked_after > limit:
        raise NotShown(f"the first look was {looked_after:.1f} s after the loss; {limit:g} s are promised")
    world.eventually(
        lambda: _open_connections(world),
        less_than(dropped.open_connections),
        "dropped connection closed",
        "open connections",
    )
    return time.monotonic() - dropped.lost_at


def _open_connections(world: World) -> int:
    seen: int = world.platform.operator_connections(world.users.operator).require().open
    return seen
