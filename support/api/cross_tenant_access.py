"""Ways to what a customer owns: every published path that names it, with every verb, and every filter and reference.

What names nothing shows everybody their own: there, nothing of the customer's may be seen by others.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hamcrest import empty, not_

from support.api import access, owned_resources
from support.api.endpoints import Try, address_of, in_order, try_door
from support.api.owned_resources import Belongings
from support.api.rights import CUSTOMERS, OPERATORS, SERVICES, rights_of
from support.load.http_crowd import a_few_at_a_time
from support.platform.driver import Caller
from support.platform.examples import example_of, filled
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

TRESPASSED = "ways tried"
SEEN = "seen where nothing is named"
_OF_NOBODY = frozenset({"GET /v1/agents", "GET /v1/tools"})
_OF_ALL_COLLEAGUES = frozenset(
    {"GET /v1/me", "GET /v1/members", "GET /v1/allowance", "GET /v1/budgets", "GET /v1/cloud-account"}
)
_VERBS = ("GET", "PUT", "PATCH", "POST", "DELETE")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to something by its id. ``method`` is one that ``operation`` publishes, or another one.

    ``query`` and ``field`` name where the id goes, unless it is a part of the path.
    """

    operation: Operation
    method: str
    published: bool
    query: str | None = None
    field: str | None = None

    @property
    def place(self) -> str:
        """Method and path, and by what else the way goes."""
        by = self.query or self.field
        return f"{self.method} {self.operation.path}" + (f" by {by}" if by else "")


@dataclass(frozen=True, slots=True)
class Trespass:
    """A way that somebody tried, and what they would have been told where nothing ever was."""

    place: str
    published: bool
    answer: Outcome
    answer_to_nothing: Outcome


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody was shown where a path names nothing, and the signs that were looked for in it."""

    place: str
    answer: Outcome
    signs: frozenset[str]

    @property
    def found(self) -> frozenset[str]:
        """The signs that are in it."""
        return frozenset(sign for sign in self.signs if sign in self.answer.text)


def ways(world: World, ids: Mapping[str, str]) -> list[Way]:
    """Every way for customers to what the ids name.

    :raises NotShown: a path speaks of something that no customer of the suite owns.
    """
    for_customers = [each for each in operations(world) if rights_of(each) not in (SERVICES, OPERATORS)]
    found = [way for each in for_customers for way in _ways_of(each, ids)]
    published = {way.place for way in found}
    others = {
        f"{verb} {way.operation.path}": Way(way.operation, verb, published=False)
        for way in found
        for verb in _VERBS
        if not (way.query or way.field) and f"{verb} {way.operation.path}" not in published
    }
    return found + list(others.values())


def _ways_of(operation: Operation, ids: Mapping[str, str]) -> Iterator[Way]:
    if names := operation.names("path"):
        if unknown := [name for name in names if name not in ids]:
            raise NotShown(
                f"{operation.place}: nobody owns one ({', '.join(unknown)}), see support/api/owned_resources.py"
            )
        yield Way(operation, operation.method, published=True)
    for name in operation.names("query"):
        if name in ids:
            yield Way(operation, operation.method, published=True, query=name)
    for name in (operation.body or {}).get("properties", {}):
        if name in ids and name.endswith("_id"):
            yield Way(operation, operation.method, published=True, field=name)


def go(world: World, way: Way, caller: Caller, ids: Mapping[str, str]) -> Outcome:
    """Go a way with an id of each kind in hand."""
    operation, path = way.operation, way.operation.path
    for name in operation.names("path"):
        path = path.replace(f"{{{name}}}", ids[name])
    body: Any = None if operation.body is None else filled(example_of(operation, operation.body), ids)
    if way.field:
        body = {**body, way.field: ids[way.field]}
    return world.platform.request(
        caller,
        way.method,
        path,
        service=address_of(world, operation),
        json=body,
        query={way.query: ids[way.query]} if way.query else None,
    )


def try_every_way(world: World, stranger: User) -> None:
    """Somebody tries every way to what the customer owns."""
    owned = world.recall(access.OWNED, Belongings)
    # An ended run is on record a little later, and until then there is nothing of it to be seen.
    world.eventually(
        lambda: world.platform.jobs(owned.owner, owned.ids["run_id"]).require()["items"], not_(empty()), "records agree"
    )
    world.facts[access.STORED] = owned_resources.stored_of(world, owned.owner.tenant)
    world.facts[SEEN] = _read(world, stranger, owned)
    nothing = {name: str(uuid.uuid4()) for name in owned.ids}
    world.facts[TRESPASSED] = [
        Trespass(way.place, way.published, go(world, way, stranger, owned.ids), go(world, way, stranger, nothing))
        for way in ways(world, owned.ids)
    ]


def read_as_owner(world: World) -> list[Reading]:
    """What the owner is shown wherever there is something of theirs."""
    owned = world.recall(access.OWNED, Belongings)
    return [reading for reading in _read(world, owned.owner, owned) if reading.place not in _OF_NOBODY]


def _read(world: World, reader: User, owned: Belongings) -> list[Reading]:
    """Read where no path names anything; a colleague does where not everything is shown to all of them anyway."""
    shared = _OF_ALL_COLLEAGUES if reader is not owned.owner and reader.tenant is owned.owner.tenant else frozenset()
    doors = [
        each
        for each in operations(world)
        if each.method == "GET"
        and not each.names("path")
        and each.place not in shared
        and (rights_of(each) or CUSTOMERS) & CUSTOMERS
    ]
    tried = a_few_at_a_time(lambda door: try_door(world, door, reader, {}), doors)
    return [Reading(each.place, each.answer, owned.signs) for each in tried]


def as_owner(world: World) -> list[Try]:
    """The owner goes every published way; what removes comes last, when all work has ended."""
    owned = world.recall(access.OWNED, Belongings)
    published = [way for way in ways(world, owned.ids) if way.published]
    tried: list[Try] = []
    for way in sorted(published, key=lambda way: in_order(way.method, way.place)):
        if way.method == "DELETE":
            access.wait_for_runs(world, owned.owner)
        tried.append(Try(way.place, go(world, way, owned.owner, owned.ids)))
    return tried
