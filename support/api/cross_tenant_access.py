"""Attempts at cross-tenant access: every published path, filter and reference that names a resource, with every method.

Where a path names no resource, every caller reads their own: there, nothing of the owner's may be shown to others.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hamcrest import empty, not_

from support.api import endpoints, owned_resources
from support.api.access_rules import CUSTOMERS, OPERATORS, SERVICES
from support.api.calls import Call
from support.api.cross_tenant_access_matchers import CrossTenantCall, ListingCall
from support.api.owned_resources import OwnedResources
from support.load.http_crowd import a_few_at_a_time
from support.platform.capabilities import Capability
from support.platform.driver import Caller
from support.platform.examples import body_of, filled
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

_METHODS = ("GET", "PUT", "PATCH", "POST", "DELETE")


@dataclass(frozen=True, slots=True)
class ResourceAccess:
    """A way to access a resource by its id. ``method`` is one that ``operation`` publishes, or another one.

    ``query`` and ``field`` name where the id goes, unless it is a part of the path.
    """

    operation: Operation
    method: str
    published: bool
    query: str | None = None
    field: str | None = None

    @property
    def place(self) -> str:
        """Method and path, and what else names the resource."""
        by = self.query or self.field
        return f"{self.method} {self.operation.path}" + (f" by {by}" if by else "")


def accesses(world: World, ids: Mapping[str, str]) -> list[ResourceAccess]:
    """Every way for customers to access what the ids name.

    :raises NotShown: a path names a resource that no customer of the suite owns.
    """
    for_customers = [each for each in operations(world) if each.roles not in (SERVICES, OPERATORS)]
    found = [access for each in for_customers for access in _accesses_of(each, ids)]
    published = {access.place for access in found}
    others = {
        f"{method} {access.operation.path}": ResourceAccess(access.operation, method, published=False)
        for access in found
        for method in _METHODS
        if not (access.query or access.field) and f"{method} {access.operation.path}" not in published
    }
    return found + list(others.values())


def _accesses_of(operation: Operation, ids: Mapping[str, str]) -> Iterator[ResourceAccess]:
    if names := operation.names("path"):
        if unknown := [name for name in names if name not in ids]:
            raise NotShown(f"{operation.place}: nobody owns a {', '.join(unknown)}, see support/api/owned_resources.py")
        yield ResourceAccess(operation, operation.method, published=True)
    for name in operation.names("query"):
        if name in ids:
            yield ResourceAccess(operation, operation.method, published=True, query=name)
    for name in (operation.body or {}).get("properties", {}):
        if name in ids and "name_what_they_make" not in operation.groups and name.endswith("_id"):
            yield ResourceAccess(operation, operation.method, published=True, field=name)


def request(world: World, access: ResourceAccess, caller: Caller, ids: Mapping[str, str]) -> Outcome:
    """Request a resource in one way, with these ids."""
    operation, path = access.operation, access.operation.path
    for name in operation.names("path"):
        path = path.replace(f"{{{name}}}", ids[name])
    body: Any = filled(body_of(operation), ids)
    if access.field:
        body = {**body, access.field: ids[access.field]}
    return world.platform.request(
        caller,
        access.method,
        path,
        service=operation.service,
        json=body,
        query={access.query: ids[access.query]} if access.query else operation.query,
    )


def attempt(world: World, intruder: User) -> list[Call]:
    """Somebody tries every way to access the owner's resources, and reads every listing."""
    owned = world.kept(OwnedResources)
    if Capability.JOB_RECORDS in world.target.capabilities:
        # The record of an ended run is written a little later, and until then there is nothing of it to be seen.
        world.eventually(
            lambda: world.platform.jobs(owned.owner, owned.run_id).require().items, not_(empty()), "records agree"
        )
    owned_resources.remember_stored(world, owned.owner.tenant)
    unknown = {name: str(uuid.uuid4()) for name in owned.ids}
    return [
        *_listings(world, intruder, owned),
        *(
            CrossTenantCall(
                access.place,
                _unnamed(request(world, access, intruder, owned.ids), owned.ids),
                access.published,
                _unnamed(request(world, access, intruder, unknown), unknown),
            )
            for access in accesses(world, owned.ids)
        ),
    ]


def _unnamed(answer: Outcome, ids: Mapping[str, str]) -> Outcome:
    """The answer without the ids that the request had: who asked for one may read it again."""
    text = answer.text
    for name, id in ids.items():
        text = text.replace(id, f"({name})")
    return replace(answer, text=text)


def listings_of_owner(world: World) -> list[ListingCall]:
    """What the owner reads wherever their resources are listed."""
    owned = world.kept(OwnedResources)
    return [
        each
        for each in _listings(world, owned.owner, owned)
        if each.place not in world.target.endpoints.groups["common"]
    ]


def _listings(world: World, reader: User, owned: OwnedResources) -> list[ListingCall]:
    """Read where no path names a resource; a colleague does not where all colleagues are shown the same anyway."""
    is_colleague = reader is not owned.owner and reader.tenant is owned.owner.tenant
    readable = [
        each
        for each in operations(world)
        if (each.method == "GET" or "listings" in each.groups)
        and not each.names("path")
        and not (is_colleague and "of_organisation" in each.groups)
        and (each.roles or CUSTOMERS) & CUSTOMERS
    ]
    made = a_few_at_a_time(lambda each: endpoints.call(world, each, reader, {}), readable)
    return [ListingCall(each.place, each.answer, owned.signs) for each in made]


def request_as_owner(world: World) -> list[Call]:
    """The owner makes every published request but those without an end; deletions come last, when runs have ended."""
    owned = world.kept(OwnedResources)
    published = [
        access for access in accesses(world, owned.ids) if access.published and "endless" not in access.operation.groups
    ]
    made: list[Call] = []
    for access in sorted(published, key=lambda access: (endpoints.in_order(access.operation), access.place)):
        if access.method == "DELETE":
            endpoints.wait_for_runs(world, owned.owner)
        made.append(Call(access.place, request(world, access, owned.owner, owned.ids)))
    return made
