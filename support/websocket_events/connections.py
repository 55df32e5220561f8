"""Live connections that are dropped, slow or stalled, and customers who disconnect and reconnect."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from hamcrest import less_than

from support.platform.dialect import Control
from support.platform.events import EventCapture
from support.scenario import agents, work
from support.scenario.partner import PRICES
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import World
from support.stack.client import Fault, Link

_MORE_THAN_KEPT = 2_100
"""More events than the platform keeps for a user who is disconnected (2,000 in the test environment)."""
_HEARTBEATS = 2
_DELAY = 0.3

LARGE_ANALYSIS = work.probe(agents.long_winded(400, 20_000))
"""A run with some megabytes of events, more than the buffers between the platform and a customer hold."""


class Loss(Enum):
    """How a connection is lost; the value is what a feature calls it."""

    RESET = "reset"
    SILENT = "silently dropped"


class SlowNetwork(Enum):
    """A network that delays everything and loses nothing; the value is what a feature calls it."""

    SLOW = "a slow connection"
    INTERMITTENT = "an intermittent connection"

    @property
    def fault(self) -> Fault:
        return Fault("delay", seconds=_DELAY) if self is SlowNetwork.SLOW else Fault("stutter", seconds=2 * _DELAY)

    @property
    def felt(self) -> float:
        """Seconds by which at least one event must be late on such a network."""
        return _DELAY


@dataclass(frozen=True, slots=True)
class DroppedConnection:
    """A connection that was lost: how many the platform had before, and when it was lost (monotonic seconds)."""

    open_connections: int
    lost_at: float


def watch_running_analysis(world: World, user: User) -> None:
    """The user watches over a link of their own while their analysis waits for the partner's price list."""
    world.own_link(user)
    world.partner.hold(PRICES)
    before = len(world.partner.calls(PRICES))
    world.watch(user)
    world.running(user, "cost_analysis")
    world.eventually(
        lambda: len(world.partner.calls(PRICES)), lambda calls: calls > before, "run starts", "the call at the partner"
    )


# -- connections that are lost ----------------------------------------------------------------------------------------


def lose_until_the_run_ends(world: World, user: User, loss: Loss) -> None:
    """The user's connection is lost, and the run ends while they are disconnected."""
    link = _own_link(user)
    if loss is Loss.SILENT:
        link.set_fault(Fault("blackhole"))
    elif link.cut("reset"):
        user.watching.wait_until_closed(within=world.budgets.limit("broken connection"))
    else:
        raise NotShown(f"{user} had no connection to reset")
    _finish_run(world, user)
    # In this order: what the link has held back must not arrive over the old connection after all.
    user.watching.drop()
    link.clear()


def drop_after_heartbeats(world: World, user: User) -> None:
    """Once heartbeats came (or should have come), nothing comes through any more, and the run ends."""
    _await_heartbeats(world, user)
    _note_dropped(world)
    _own_link(user).set_fault(Fault("blackhole"))
    _finish_run(world, user)


def stall(world: World, user: User) -> None:
    """The user watches, and reads nothing once the stream is open."""
    link = world.own_link(user)
    world.watch(user)
    _note_dropped(world)
    link.set_fault(Fault("blackhole", direction="to_client"))


def slow_down(network: SlowNetwork) -> Callable[[World, User], None]:
    """The user watches over a slow network; heartbeats have made the way to them and back."""

    def connect(world: World, user: User) -> None:
        world.own_link(user).set_fault(network.fault)
        world.watch(user)
        _await_heartbeats(world, user)

    return connect


def given_up_after(world: World, dropped: DroppedConnection) -> float:
    """Seconds from the loss of the connection until the operator sees one connection less.

    :raises DeadlinePassed: the platform still has it.
    :raises NotShown: nobody looked before the time was over.
    """
    limit = world.budgets.limit("dead connection given up")
    looked_after = time.monotonic() - dropped.lost_at
    if looked_after > limit:
        raise NotShown(f"the first look was {looked_after:.1f} s after the loss; {limit:g} s are promised")
    world.eventually(
        lambda: _open_connections(world),
        less_than(dropped.open_connections),
        "dead connection given up",
        "open connections",
    )
    return time.monotonic() - dropped.lost_at


# -- customers who disconnect and reconnect ---------------------------------------------------------------------------


def disconnect(world: World, user: User) -> None:
    """The connection ends without a close frame, as when a browser is closed."""
    user.watching.drop()
    world.evidence.note("disconnect", who=str(user), last_sequence=user.watching.last_sequence)


def reconnect(world: World, user: User) -> None:
    """Reconnect with the last sequence number seen, as a client does."""
    handshake = user.watching.reconnect(within=world.budgets.limit("reconnect"))
    world.evidence.note("reconnect", who=str(user), status=handshake.status, error=handshake.error)


def resyncs(capture: EventCapture) -> list[Control]:
    """The notifications that events were missed."""
    return [control for control in capture.controls if control.type == "resync_required"]


def lose_the_stream(world: World) -> None:
    """The event stream (Redis) crashes and restarts empty."""
    world.breaks_stories("the event stream loses its data")
    world.faults.lose_data()


def _more_than_kept(world: World, user: User) -> None:
    world.breaks_stories("more events than the platform keeps")
    world.ended(world.running(user, agents.PROBE, input=agents.talkative(_MORE_THAN_KEPT)), within="long run ends")


def _another_stream(world: World, user: User) -> None:
    seen = user.watching.last_sequence or 0
    lose_the_stream(world)
    renumbered = world.watch(user)
    while (renumbered.last_sequence or 0) <= seen:
        run = world.running(user, "usage_report")
        world.ended(run)
        renumbered.wait_for_end(run, within=world.budgets.limit("story complete"))
    renumbered.close()


MISSED = {
    "more events than the platform keeps": _more_than_kept,
    "a loss of the event stream and as many new events": _another_stream,
}
"""What happens while a customer is disconnected, by the words of a feature."""


def _own_link(user: User) -> Link:
    if user.link is None:
        raise NotShown(f"{user} watches over the common link")
    return user.link


def _finish_run(world: World, user: User) -> None:
    # Seen past the user's connection.
    world.partner.release(PRICES)
    world.ended(world.run_of(user))


def _await_heartbeats(world: World, user: User) -> None:
    # Whether they came is for a Then to judge.
    try:
        user.watching.wait_until(
            lambda capture: len(capture.heartbeats) >= _HEARTBEATS, within=world.budgets.limit("dead line noticed")
        )
    except DeadlinePassed as missing:
        world.evidence.note("no heartbeat", reason=str(missing))


def _note_dropped(world: World) -> None:
    # Under a name, because a shared sentence reads it there.
    world.facts["dead line"] = DroppedConnection(_open_connections(world), lost_at=time.monotonic())


def _open_connections(world: World) -> int:
    seen: int = world.platform.operator_connections(world.users.operator).require()["open"]
    return seen
