"""What everybody's connections have received, brought together for judging."""

from collections.abc import Iterable

from support.load.populations import Crowd
from support.load.socket_crowd import Connection, SocketCrowd
from support.matchers.received_events import Received
from support.platform.events import EventCapture
from support.scenario.agents import PROBE
from support.scenario.users import User
from support.scenario.world import RunHandle, World


def tabs(world: World) -> list[Received]:
    """What each open connection of each user has shown, once every run's end has come over it.

    :raises DeadlinePassed: an end did not come in time.
    """
    return [
        _received(world, capture.name, user, capture.first_sequence, _complete(world, user, capture))
        for user in world.users
        for capture in user.captures
        if capture.handshake.accepted
    ]


def to_the_end(world: World, capture: EventCapture, run: RunHandle, within: str = "run ends") -> EventCapture:
    """What a connection has shown, once the run has ended and its end was shown.

    :param within: the budget in which the run has to end.

    :raises DeadlinePassed: the run did not end in time, or its end was not shown in time after it.
    """
    world.ended(run, within)
    capture.wait_for_end(run, within=world.budgets.limit("story complete"))
    return capture


def _complete(world: World, user: User, capture: EventCapture) -> EventCapture:
    # As long for each as for a crowd that a process of its own holds.
    within = "crowd finishes" if world.has_kept(Crowd) else "run ends"
    for run in world.runs:
        if run.user is user:
            to_the_end(world, capture, run, within)
    return capture


def crowd(world: World) -> list[Received]:
    """The same of the crowd's connections; who has missed an end by the time that everybody should be done, has."""
    gathered = world.kept(SocketCrowd)
    gathered.wait_for_ends(
        {user: len(_run_ids(world, user)) for user in world.users},
        world.budgets.limit("crowd finishes"),
        world.budgets.limit("crowd goes on"),
    )
    connections: Iterable[Connection] = gathered.connections
    return [_received(world, f"{each.user}'s connection", each.user, each.opened_at, each) for each in connections]


def _received(world: World, who: str, user: User, after: int | None, stream: EventCapture | Connection) -> Received:
    shows_data = any(run.agent_name != PROBE for run in world.runs if run.user is user)
    return Received(
        who,
        user.id,
        _run_ids(world, user),
        user.tenant.marker,
        after,
        shows_data,
        tuple(stream.events),
        stream.malformed,
        world.platform.dialect,
    )


def _run_ids(world: World, user: User) -> tuple[str, ...]:
    return tuple(run.run_id for run in world.runs if run.user is user)


def of_everybody(world: World) -> list[Received]:
    """What every connection has shown, of a crowd or of the users' own; see :func:`crowd` and :func:`tabs`."""
    return crowd(world) if world.has_kept(SocketCrowd) else tabs(world)


def delays(world: World) -> list[float]:
    """Seconds from each event's step to its receipt, of everybody's connections."""
    return [event.delay for each in of_everybody(world) for event in each.events if event.delay is not None]


def first(viewer: User) -> tuple[str | None, int | None]:
    """The run and the number of the first event that a viewer has received."""
    return viewer.events[0].run_id, viewer.events[0].sequence


def expected_first(world: World, viewer: User, run: RunHandle) -> tuple[str | None, int | None]:
    """What ``first`` must be when nothing was sent before a run: numbered on, where the user's events are numbered."""
    before = viewer.watching.first_sequence
    return run.run_id, None if before is None or not world.platform.dialect.sequences else before + 1
