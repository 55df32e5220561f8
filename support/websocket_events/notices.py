"""Notices of the operator to everyone, and who hears them."""

import time
from dataclasses import dataclass

from support.platform.events import EventCapture
from support.scenario import received_events
from support.scenario.users import ORGANISATIONS, PEOPLE, Plan, User
from support.scenario.world import World


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was granted; ``sent_at`` is monotonic seconds."""

    id: str
    sent_at: float


def audience(world: World) -> None:
    """The owner of an organisation of each segment, and a colleague of each, watch."""
    for organisation, plan in zip(ORGANISATIONS, Plan, strict=False):
        world.watch(world.users.settle(world.users[organisation], plan))
        world.watch(world.users.settle(world.users[f"{PEOPLE[1]} of {organisation}"]))


def send(world: World, sender: User) -> None:
    """Somebody sends a notice to everyone, or tries to."""
    sent_at = time.monotonic()
    world.outcome = outcome = world.platform.send_notice(
        sender, title="Maintenance tonight", body="Live events pause for some minutes at midnight."
    )
    if outcome.done:
        world.facts["notice"] = Notice(outcome.body["id"], sent_at)


def listeners(world: World) -> list[EventCapture]:
    """Every open connection."""
    return [capture for user in world.users for capture in user.captures]


def after_a_run_of_each(world: World) -> list[EventCapture]:
    """Every open connection, after a run of its user has been shown on it from its start to its end."""
    shown = []
    for user in world.users:
        if user.captures:
            run = world.running(user, "usage_report")
            for capture in user.captures:
                shown.append(received_events.to_the_end(world, capture, run))
    return shown
