"""Customers who watch: over a link of their own, through faults, away and back again."""

import time
from dataclasses import dataclass
from enum import Enum

from hamcrest import less_than

from support.platform.dialect import Control
from support.platform.events import EventCapture
from support.scenario import agents
from support.scenario.partner import PRICES
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import RunHandle, World
from support.stack.client import Fault, Link

MORE_THAN_KEPT = 2_100
"""Events that are more than the platform keeps for a user who is away (2,000 in the test environment)."""

_HEARTBEATS = 2
_FLOOD = 400
_FLOOD_THOUGHT = 20_000


class SlowNetwork(Enum):
    """What can be wrong with a link on which everything arrives; the value is what a feature calls it."""

    SLOW = "slow"
    STUTTERING = "stuttering"

    @property
    def fault(self) -> Fault:
        return Fault(kind="delay", seconds=0.3) if self is SlowNetwork.SLOW else Fault(kind="stutter", seconds=0.6)

    @property
    def felt(self) -> float:
        """Seconds by which at least one event must be late on such a link."""
        return 0.3


@dataclass(frozen=True, slots=True)
class DroppedConnection:
    """A link that went dead: what the operator had seen until then, and when it went (monotonic)."""

    open_connections: int
    lost_at: float


def running_analysis(world: World, user: User) -> RunHandle:
    """The user watches over a link of their own while their analysis waits for the partner's price list."""
    world.own_link(user)
    world.partner.hold(PRICES)
    asked = len(world.partner.calls(PRICES))
    world.watch(user)
    run = world.running(user, "cost_analysis")
    world.eventually(
        lambda: len(world.partner.calls(PRICES)), lambda calls: calls > asked, "run starts", "the call at the partner"
    )
    return run


def link_of(user: User) -> Link:
    """The user's own link.

    :raises NotShown: they have none.
    """
    if user.link is None:
        raise NotShown(f"{user} watches over the common link")
    return user.link


def finish_run(world: World, user: User) -> None:
    """Let the partner answer, and see the run end past the user's connection."""
    world.partner.release(PRICES)
    world.ended(world.run_of(user))


def reset_and_return(world: World, user: User) -> None:
    """The connection is reset; the run ends while nobody listens; the user reconnects."""
    if not link_of(user).cut("reset"):
        raise NotShown(f"there was no connection of {user} to reset")
    user.watching.wait_until_closed(within=world.budgets.limit("broken connection"))
    finish_run(world, user)
    return_to(world, user)


def return_to(world: World, user: User) -> None:
    """Reconnect with the last number seen, as a client does."""
    handshake = user.watching.reconnect(within=world.budgets.limit("reconnect"))
    world.evidence.note("reconnect", who=str(user), status=handshake.status, error=handshake.error)


def go_dead(world: World, user: User) -> None:
    """Once heartbeats were heard (or should have been), nothing comes through any more; the run ends meanwhile."""
    heard_by_now(world, user)
    seen = open_connections(world)
    world.facts["dead link"] = DroppedConnection(seen, lost_at=time.monotonic())
    lose_link(world, user)


def lose_link(world: World, user: User) -> None:
    """Nothing comes through any more; the run ends meanwhile."""
    link_of(user).set_fault(Fault(kind="blackhole"))
    finish_run(world, user)


def watch_without_reading(world: World, user: User) -> None:
    """The user watches, and takes nothing off the link once the stream is open."""
    link = world.own_link(user)
    world.watch(user)
    seen = open_connections(world)
    world.facts["dead link"] = DroppedConnection(seen, lost_at=time.monotonic())
    link.set_fault(Fault(kind="blackhole", direction="to_client"))


def flood(world: World, user: User) -> None:
    """More is sent to the user than the buffers between them and the platform hold: some megabytes."""
    world.ended(world.running(user, agents.PROBE, input=agents.long_winded(_FLOOD, _FLOOD_THOUGHT)))


def heard_by_now(world: World, user: User) -> None:
    """Give the platform the time for two heartbeats. Whether they came is for a Then to judge."""
    try:
        user.watching.wait_until(
            lambda capture: len(capture.heartbeats) >= _HEARTBEATS, within=world.budgets.limit("dead link noticed")
        )
    except DeadlinePassed as missing:
        world.evidence.note("no heartbeat", reason=str(missing))


def given_up_after(world: World, dead: DroppedConnection) -> float:
    """Seconds from the loss of the link until the operator is seen to see a connection less.

    :raises DeadlinePassed: the platform still has it.
    :raises NotShown: nobody looked before the time was over.
    """
    limit = world.budgets.limit("dead connection given up")
    looked_after = time.monotonic() - dead.lost_at
    if looked_after > limit:
        raise NotShown(f"the first look was {looked_after:.1f} s after the loss of the link; {limit:g} s are promised")
    world.eventually(
        lambda: open_connections(world),
        less_than(dead.open_connections),
        "dead connection given up",
        "live connections",
    )
    return time.monotonic() - dead.lost_at


def open_connections(world: World) -> int:
    """How many live connections the operator sees."""
    seen: int = world.platform.operator_connections(world.users.operator).require()["open"]
    return seen


def heal(world: World, user: User) -> None:
    """The user gives the old connection up, the link works again, and the user comes back over it."""
    # In this order: what the link has held back must not arrive over the old connection after all.
    user.watching.drop()
    link_of(user).clear()
    return_to(world, user)


def over_a_slow_network(world: World, user: User, bad: SlowNetwork) -> EventCapture:
    """The user watches over a link of their own that is bad; a heartbeat has made the way to them and back."""
    world.own_link(user).set_fault(bad.fault)
    capture = world.watch(user)
    heard_by_now(world, user)
    return capture


def leave(world: World, user: User) -> None:
    """Close the browser: the connection ends without a word."""
    user.watching.drop()
    world.evidence.note("left", who=str(user), last_sequence=user.watching.last_sequence)


def more_than_kept(world: World, user: User) -> None:
    """More happens than the platform keeps; the beginning of that story is gone."""
    world.breaks_stories("more has happened than the platform keeps")
    world.ended(world.running(user, agents.PROBE, input=agents.talkative(MORE_THAN_KEPT)), within="long run ends")


def lose_data_while_away(world: World, user: User) -> None:
    """The user leaves, the event store loses all, and runs take the numbering further than the user has seen."""
    leave(world, user)
    seen = user.watching.last_sequence or 0
    world.breaks_stories("the event store loses its data")
    world.faults.lose_data()
    with_new_numbers = world.watch(user)
    while (with_new_numbers.last_sequence or 0) <= seen:
        run = world.running(user, "usage_report")
        world.ended(run)
        with_new_numbers.wait_for_end(run, within=world.budgets.limit("story complete"))
    with_new_numbers.close()


def resyncs(capture: EventCapture) -> list[Control]:
    """How often the platform has said that something was missed."""
    return [control for control in capture.controls if control.type == "resync_required"]
