"""The doors of the platform, every published way in, and who tries them with what in hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from support.api.rights import ANYBODY, rights_of
from support.load.http_crowd import a_few_at_a_time
from support.platform.driver import Caller
from support.platform.examples import example_of, filled
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.world import World

TRIES = "tries"
# Reading comes before changing, changing before removing, and leaving is the last thing that one can do.
_ORDER = {"GET": 0, "PUT": 1, "PATCH": 2, "POST": 3, "DELETE": 4}
_LEAVING = "POST /v1/logout"


@dataclass(frozen=True, slots=True)
class Try:
    """One door, and what came of trying it."""

    place: str
    answer: Outcome


def doors(world: World) -> list[Operation]:
    """Every published way in that is not open to anybody; one that nobody has thought of needs a token, too."""
    closed = [each for each in operations(world) if rights_of(each) != ANYBODY]
    return sorted(closed, key=lambda each: in_order(each.method, each.place))


def in_order(method: str, place: str) -> tuple[bool, int, str]:
    """A key that sorts ways in as one can go them one after the other."""
    return place == _LEAVING, _ORDER[method], place


def try_door(world: World, door: Operation, caller: Caller, ids: Mapping[str, str]) -> Try:
    """Ask for what is behind a door, in the right form.

    :param ids: what the path speaks of, by name.
    """
    path = door.path
    for name in door.names("path"):
        path = path.replace(f"{{{name}}}", ids.get(name) or str(example_of(door, {}, name)))
    answer = world.platform.request(
        caller,
        door.method,
        path,
        service=address_of(world, door),
        json=None if door.body is None else filled(example_of(door, door.body), ids),
        headers={name: str(example_of(door, {"format": "uuid"}, name)) for name in door.names("header")},
    )
    return Try(door.place, answer)


def try_all(world: World, chosen: Iterable[Operation], caller: Caller, ids: Mapping[str, str]) -> list[Try]:
    """Try doors one kind after the other, in the order given; those of a kind stand in no other's way."""
    return [
        tried
        for _, alike in groupby(chosen, key=lambda door: in_order(door.method, door.place)[:2])
        for tried in a_few_at_a_time(lambda door: try_door(world, door, caller, ids), alike)
    ]


def address_of(world: World, door: Operation) -> str:
    """The service that a door leads to, as the platform's driver takes it."""
    return world.addresses.tools_url if door.service == "tools" else door.service
