"""Ways to what a customer owns: every published path that names it, with every verb, and every filter and reference."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support import access, holdings
from support.doors import Try, address_of, in_order
from support.examples import example_of, filled
from support.holdings import Belongings
from support.openapi import Operation, operations
from support.outcome import Outcome
from support.platform import Caller
from support.rights import OPERATORS, SERVICES, rights_of
from support.users import User
from support.verdict import NotShown
from support.world import World

TRESPASSED = "ways tried"
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
            raise NotShown(f"{operation.place}: nobody owns one ({', '.join(unknown)}), see support/holdings.py")
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
    world.facts[access.STORED] = holdings.stored_of(world, owned.owner.tenant)
    nothing = {name: str(uuid.uuid4()) for name in owned.ids}
    world.facts[TRESPASSED] = [
        Trespass(way.place, way.published, go(world, way, stranger, owned.ids), go(world, way, stranger, nothing))
        for way in ways(world, owned.ids)
    ]


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
