"""Connections that are dropped or slow, and customers who disconnect, miss events and reconnect."""

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from hamcrest.core.matcher import Matcher

from support.matchers.story import has_no_gap, has_no_gap_in_any_run
from support.platform.dialect import StreamControl
from support.platform.events import EventCapture
from support.scenario import agents
from support.scenario.partner import PRICES
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import World
from support.stack.client import Fault
from support.websocket_events import connections

_MORE_THAN_KEPT = 2_100
"""More events than the platform keeps for a user who is disconnected (2,000 in the test environment)."""
_HUNDREDS = 700
"""Fewer than that, and more than it reads at once (200)."""
_TIMES = 5
"""How often somebody reconnects amid a run of hundreds of events."""
_DELAY = 0.3


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


def lose_until_the_run_ends(world: World, user: User, loss: Loss) -> None:
    """The user's connection is lost, and the run ends while they are disconnected.

    :raises NotShown: there was no connection to lose.
    """
    link = connections.own_link(user)
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
    await_heartbeats(world, user)
    connections.drop(world, user, Fault("blackhole"))
    _finish_run(world, user)


def slow_down(network: SlowNetwork) -> Callable[[World, User], None]:
    """The user watches over a slow network; heartbeats have made the way to them and back."""

    def connect(world: World, user: User) -> None:
        world.own_link(user).set_fault(network.fault)
        world.watch(user)
        await_heartbeats(world, user)

    return connect


def disconnect(world: World, user: User) -> None:
    """The connection ends without a close frame, as when a browser is closed."""
    user.watching.drop()
    world.evidence.note("disconnect", who=str(user), last_sequence=user.watching.last_sequence)


def reconnect(world: World, user: User) -> None:
    """Reconnect with the last sequence number seen, as a client does."""
    handshake = user.watching.reconnect(within=world.budgets.limit("reconnect"))
    world.evidence.note("reconnect", who=str(user), status=handshake.status, error=handshake.error)


def reconnect_to_second_backend(world: World, user: User) -> None:
    """Reconnect as :func:`reconnect` does, to the other instance of the API."""
    user.watching.turn_to(connections.to_second_backend(world))
    reconnect(world, user)


def reconnect_amid_a_run(world: World, user: User) -> None:
    """The user's connection ends several times while events come, and they reconnect each time.

    :raises NotShown: the run had ended before.
    """
    run = world.running(user, agents.PROBE, input=agents.talkative(_HUNDREDS))
    for _ in range(_TIMES):
        more = len(user.watching.events) + _HUNDREDS // (2 * _TIMES)
        user.watching.wait_until(partial(_has_received, more), within=world.budgets.limit("run starts"))
        disconnect(world, user)
        reconnect(world, user)
    if any(event.is_end for event in user.watching.of(run)):
        raise NotShown("the run had ended before the last connection was opened")


def _has_received(events: int, capture: EventCapture) -> bool:
    return len(capture.events) >= events


def second_tab_begun_anew(world: World, user: User) -> None:
    """Another tab has missed more events than the platform keeps, was told so, and is connected again; the first tab
    has received them all.
    """
    tab = world.watch(user)
    tab.drop()
    _more_than_kept(world, user)
    user.watching.wait_for_end(world.run_of(user), within=world.budgets.limit("story complete"))
    tab.reconnect(within=world.budgets.limit("reconnect"))
    world.try_to_see(lambda: bool(resyncs(tab)), "reconnect", "a notification of missed events")


def away_for_a_report(world: World, user: User) -> None:
    """The user's first tab is closed, and opened again after a usage report."""
    disconnect(world, user)
    world.ended(world.running(user, "usage_report"))
    reconnect(world, user)


def without_gaps(world: World, capture: EventCapture) -> Matcher[Any]:
    """Nothing is missing and nothing came twice: by the user's numbering, or else by that of each run."""
    if world.platform.dialect.sequences:
        return has_no_gap(after=capture.first_sequence)
    return has_no_gap_in_any_run()


def resyncs(capture: EventCapture) -> list[StreamControl]:
    """The notifications that events were missed."""
    return [control for control in capture.controls if control.type == "resync_required"]


def lose_the_stream(world: World) -> None:
    """The event stream (Redis) crashes and restarts empty."""
    world.breaks_stories("the event stream loses its data")
    world.faults.lose_data()


def _more_than_kept(world: World, user: User) -> None:
    world.breaks_stories("more events than the platform keeps")
    world.ended(world.running(user, agents.PROBE, input=agents.talkative(_MORE_THAN_KEPT)), within="long run ends")


def _hundreds(world: World, user: User) -> None:
    world.ended(world.running(user, agents.PROBE, input=agents.talkative(_HUNDREDS)), within="long run ends")


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
    "a run of hundreds of events": _hundreds,
    "more events than the platform keeps": _more_than_kept,
    "a data loss of the event stream and as many new events": _another_stream,
}
"""What happens while a customer is disconnected, by the words of a feature."""


def _finish_run(world: World, user: User) -> None:
    # Seen past the user's connection.
    world.partner.release(PRICES)
    world.ended(world.run_of(user))


def await_heartbeats(world: World, user: User, count: int = 2) -> None:
    """Wait until so many came to the user's connection; whether they did is for a Then to judge."""
    try:
        user.watching.wait_until(
            lambda capture: len(capture.heartbeats) >= count,
            within=world.budgets.limit("dropped connection detected"),
        )
    except DeadlinePassed as missing:
        world.evidence.note("no heartbeat", reason=str(missing))
