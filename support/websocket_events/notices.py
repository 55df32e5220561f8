"""Notices of the operator to everyone, and the connections that receive them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from support.platform.components import Component
from support.platform.events import EventCapture
from support.platform.story import Event
from support.platform.target import kind_of
from support.scenario import received_events, waiting
from support.scenario.users import ORGANISATIONS, PEOPLE, Plan, User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold
from support.websocket_events import connections


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that the platform accepted; ``sent_at`` is monotonic seconds, ``request_id`` that of its answer."""

    id: str
    sent_at: float
    request_id: str | None = None
    title: str = ""
    body: str = ""


def two_of_each_segment(world: World) -> None:
    """An organisation of each segment, with its owner and a member."""
    for organisation, plan in zip(ORGANISATIONS, Plan, strict=False):
        world.users.settle(world.users[organisation], plan)
        world.users.settle(world.users[f"{PEOPLE[1]} of {organisation}"])


def watch_at_second_backend(world: World, viewer: User) -> None:
    """The user watches over a connection to the second backend.

    :raises NotShown: it was not accepted.
    """
    world.users.settle(viewer)
    capture = EventCapture(
        connections.to_second_backend(world), world.platform.dialect, lambda: viewer.access_token, name=f"{viewer}'s"
    )
    viewer.captures.append(capture)
    world.undo.register(f"close the connection of {viewer}", capture.close)
    if not capture.connect().accepted:
        raise NotShown(f"{viewer} could not connect to the second backend: {capture.handshake}")
    waiting.wait_for(lambda: capture.controls, bool, world.budgets.limit("reconnect"), "the opening of the stream")


def send(world: World, sender: User) -> None:
    """Send a notice to everyone, or try to."""
    sent_at = time.monotonic()
    title, body = "Maintenance tonight 🙂", "Live events pause for some minutes at midnight. " * 40
    world.outcome = outcome = world.platform.send_notice(sender, title=title, body=body)
    if outcome.done:
        world.keep(Notice(outcome.value.id, sent_at, outcome.request_id, title, body))


def send_interrupted(world: World) -> None:
    """Send a notice to everyone; the database's session of whoever delivers it is lost before that is recorded."""
    workers = world.target.of_kind(kind_of(world.target.part(Component.WORKERS).service))
    for worker in workers:
        world.faults.freeze(worker)
    send(world, world.users.operator)
    hold = Hold(world).table("outbox")
    for worker in workers:
        world.faults.thaw(worker)
    hold.break_off(hold.wait_for_first())
    hold.release()


def received(world: World) -> Iterator[tuple[EventCapture, Event]]:
    """Every connection with the first notice that it received.

    :raises DeadlinePassed: one has received none in time.
    :raises NotShown: there is no connection.
    """
    for viewer in _viewers(world):
        for capture in viewer.captures:
            yield capture, capture.wait_for("notice", within=world.budgets.limit("notice delivery"))


def captures_after_a_run_each(world: World) -> Iterator[EventCapture]:
    """Every connection, once it has shown a new run of its user to the end.

    :raises NotShown: there is no connection.
    """
    for viewer in _viewers(world):
        run = world.running(viewer, "usage_report")
        for capture in viewer.captures:
            yield received_events.to_the_end(world, capture, run)


def _viewers(world: World) -> list[User]:
    viewers = [user for user in world.users if user.captures]
    if not viewers:
        raise NotShown("nobody is connected")
    return viewers
