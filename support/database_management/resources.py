"""What the services hold at a moment, in the database and of their machine, and whether they have given it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.scenario.world import World
from support.stores import sessions

Figures = Mapping[str, Mapping[str, int]]
_NEVER_LEFT = frozenset(
    {
        "open transactions", "locks", "open cursors",
        "temporary tables", "temporary files", "prepared transactions",
    }
)  # fmt: skip
"""What nobody has who does nothing, whatever was there before."""
_SLACK = {"sockets": 14, "sessions": 10, "statements": 30}
"""What services keep for next time, by how much it may grow: connections of their pools, and psycopg's statements."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Figures by who has them and what they count: ``{"backend": {"locks": 0}}``."""

    figures: Figures = field(default_factory=dict)


def look(world: World) -> Resources:
    """What is held now."""
    found: dict[str, dict[str, int]] = {
        service: dict(figures) for service, figures in sessions.counted(sessions.of_services(world)).items()
    }
    for service, pid in world.faults.processes().items():
        if service in world.target.instances and pid is not None:
            found.setdefault(service, {})["sockets"] = _sockets(pid)
    shared = sessions.shared(world)
    found["the database"] = {
        "temporary tables": shared.temporary_tables,
        "temporary files": shared.temporary_files,
        "prepared transactions": shared.prepared_transactions,
    }
    answer = world.platform.operator_connections(world.users.operator)
    if answer.done:
        found["the API"] = {"live connections": answer.value.open}
    return Resources(found)


def keep(world: World) -> None:
    """Remember what is held now, as the base line."""
    world.platform.operator_connections(world.users.operator).require()
    world.keep(look(world))


def expect_given_back(world: World) -> None:
    """Wait until no more is held than at the base line."""
    before = world.kept(Resources)
    world.eventually(lambda: look(world), are_given_back(before), "resources given back", "what the services hold")


def are_given_back(before: Resources) -> BaseMatcher[Resources]:
    """No more is held than before, but for what pools keep for next time."""
    return faultless("no more held than before", lambda now: grown(before.figures, now.figures))


def grown(before: Figures, now: Figures) -> Sequence[str]:
    """What has grown beyond what it may, a line each; what was there before must still be seen."""
    found = [f"nothing is known of {who} any more" for who in before if who not in now]
    for who, figures in now.items():
        for what, count in figures.items():
            allowed = 0 if what in _NEVER_LEFT else before.get(who, {}).get(what, 0) + _SLACK.get(what, 0)
            if count > allowed:
                found.append(f"{who} has {count} {what}, {allowed} may be left")
    return found


def _sockets(pid: int) -> int:
    count = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(descriptor.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # closed since it was listed
    return count
