"""Outages of what the API depends on, and corrupted data; the calls that are made meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hamcrest import equal_to

from support.api import endpoints
from support.api.access_rules import OPERATORS, PUBLIC, SERVICES
from support.api.calls import Call, call_of
from support.api.owned_resources import OwnedResources
from support.platform.capabilities import Capability
from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.client import Fault
from support.stores import opened, rows
from support.stores.logs import ServiceLogs

_WATCHING = "live events"
# So few bytes pass that no query gets its result.
_A_FEW_BYTES = 100
# Who asks for their health waits longer than a service does for what it depends on.
_PATIENCE = 10.0

_ACT = "select set_config('app.tenant_id', %s, true)"


class Outage(Enum):
    """What does not work, as a feature names it."""

    DATABASE = "the database is unreachable"
    INTERRUPTED = "the database drops every connection"
    ANALYTICS = "the analytics store is unreachable"
    REDIS = "Redis is unreachable"
    SILENT_REDIS = "Redis does not respond"

    def components(self, world: World) -> list[Component]:
        """What cannot be reached, or does not respond."""
        if self.is_redis:
            return [Component.CACHE]
        return [Component.ANALYTICS_STORE] if self is Outage.ANALYTICS else world.target.database_servers

    @property
    def is_redis(self) -> bool:
        """Whether it is an outage of Redis."""
        return self in (Outage.REDIS, Outage.SILENT_REDIS)

    @property
    def fault(self) -> Fault:
        """The fault."""
        if self is Outage.INTERRUPTED:
            return Fault(kind="reset_after", after_bytes=_A_FEW_BYTES)
        return Fault(kind="blackhole" if self is Outage.SILENT_REDIS else "refuse")

    def may_affect(self, endpoint: Operation) -> bool:
        """Whether an endpoint may need what does not work."""
        if self.is_redis:
            # Reading alone: the events of a run are kept there, and its story would not be complete.
            return endpoint.method == "GET"
        return "need_analytics_store" in endpoint.groups if self is Outage.ANALYTICS else True

    def spares(self, call: Call, need_cache: frozenset[str]) -> bool:
        """Whether the response shows that the endpoint works without it."""
        return self.is_redis and call.answer.done and call.place not in {_WATCHING, *need_cache}


@dataclass(frozen=True, slots=True)
class LogsSince:
    """The logs of the services from before the calls on."""

    logs: ServiceLogs


CallsDuring = Callable[[World, Outage, User | None], list[Call]]
"""The calls of the owner of the resources, and of an operator, during an outage."""


def call_during(world: World, outage: Outage, calls: CallsDuring) -> list[Call]:
    """Make calls during an outage; returns when everything works again."""
    owner, listening = world.kept(OwnedResources).owner, rows.listening(world)
    # Who is not logged in yet could not do so during the outage.
    operator = world.users.operator if Capability.OPERATOR in world.target.capabilities else None
    world.keep(LogsSince(ServiceLogs(world.addresses.log_dir)))
    components = outage.components(world)
    for each in components:
        world.faults.on_link(each, outage.fault)
        if outage is not Outage.SILENT_REDIS:
            world.faults.reset_connections(each)
    made = calls(world, outage, operator)
    for each in components:
        world.faults.heal(each)
    world.eventually(lambda: rows.listening(world), equal_to(listening), "service back", "services that listen again")
    if _has_user_streams(world):
        world.eventually(
            lambda: _watch(world, owner).answer, lambda answer: answer.done, "service back", "watching again"
        )
    return made


def call_affected(world: World, outage: Outage, operator: User | None) -> list[Call]:
    """The owner of the resources and the operator call every endpoint that needs what does not work."""
    owned = world.kept(OwnedResources)
    affected = [each for each in _for_people(world) if outage.may_affect(each)]

    def by(caller: User, operators: bool) -> list[Call]:
        chosen = [each for each in affected if (each.roles == OPERATORS) == operators and "endless" not in each.groups]
        return endpoints.call_all(world, chosen, caller, owned.ids)

    # Side by side: each of them may have to wait until the platform gives up.
    with ThreadPoolExecutor() as together:
        calling = [together.submit(by, owned.owner, False)]
        if operator is not None:
            calling.append(together.submit(by, operator, True))
        if outage is not Outage.ANALYTICS and _has_user_streams(world):
            calling.append(together.submit(lambda: [_watch(world, owned.owner)]))
    need_cache = world.target.endpoints.groups["need_cache"]
    return [call for each in calling for call in each.result() if not outage.spares(call, need_cache)]


def call_read_only(world: World, outage: Outage, operator: User | None) -> list[Call]:
    """The owner of the resources calls every endpoint that only reads."""
    owned = world.kept(OwnedResources)
    reading = [each for each in endpoints.for_owners(world) if each.method == "GET"]
    return endpoints.call_all(world, reading, owned.owner, owned.ids)


def call_health(world: World, outage: Outage, operator: User | None) -> list[Call]:
    """The owner of the resources asks every service how it is.

    :raises NotShown: one does not answer, or all of them are well, so that the outage shows in no report.
    """
    owner = world.kept(OwnedResources).owner
    paths = sorted(place.removeprefix("GET ") for place in world.target.endpoints.groups["health"])
    places = [(world.addresses.instances[name], path) for name in world.target.instances for path in paths]
    made = [call_of(world.platform.health(owner, url, path, _PATIENCE)) for url, path in places]
    if silent := [str(call.answer) for call in made if call.answer.status is None]:
        raise NotShown(f"services that tell nothing: {'; '.join(silent)}")
    if all(call.answer.done for call in made):
        raise NotShown("no service says that anything is wrong")
    return made


CALLS_DURING: dict[str, CallsDuring] = {
    "the affected API endpoints": call_affected,
    "every read-only API endpoint": call_read_only,
    "every service's health endpoints": call_health,
}
"""Which endpoints are called during an outage, by the words of a feature."""


def corrupt(broken: str, repaired: str) -> Callable[[World, User], None]:
    """Write something that makes no sense to the rows of a customer, in the platform's own database account.

    It is repaired at the end: operators read everybody's rows, also in later scenarios.
    """

    def change(world: World, owner: User, statement: str) -> None:
        with opened.as_platform(world) as connection:
            connection.execute(_ACT, [owner.tenant.id])
            connection.execute(statement.encode(), [owner.tenant.id])

    def corrupted(world: World, owner: User) -> None:
        world.undo.register(f"repair what of {owner} was corrupted", lambda: change(world, owner, repaired))
        change(world, owner, broken)

    return corrupted


corrupt_cloud_account = corrupt(
    """update tenants set cloud_account = '{"number": "corrupted"}' where id = %s""",
    "update tenants set cloud_account = null where id = %s",
)
corrupt_runs = corrupt(
    """update runs set steps = '[{"title": "corrupted"}]' where tenant_id = %s""",
    "update runs set steps = '[]' where tenant_id = %s",
)


def call_corrupted(world: World, owner: User) -> list[Call]:
    """The owner requests the corrupted resources.

    :raises NotShown: one of their endpoints is not published any more.
    """
    corrupted = world.target.endpoints.groups["cloud_account_and_runs"]
    chosen = [each for each in _for_people(world) if each.place in corrupted]
    if missing := corrupted - {each.place for each in chosen}:
        raise NotShown(f"not published: {', '.join(sorted(missing))}")
    world.keep(LogsSince(ServiceLogs(world.addresses.log_dir)))
    return endpoints.call_all(world, chosen, owner, world.kept(OwnedResources).ids)


def logged(world: World) -> list[dict[str, Any]]:
    """The fields of what the services have logged since the calls and was not read yet."""
    return [line.fields for line in world.kept(LogsSince).logs.new_lines()]


def _has_user_streams(world: World) -> bool:
    """Whether there is a live connection apart from the endpoints."""
    return Capability.USER_STREAMS in world.target.capabilities


def _watch(world: World, user: User) -> Call:
    """Open a live connection for a moment."""
    capture = world.try_to_watch(user)
    capture.close()
    shake = capture.handshake
    meaning = Meaning.FAILED if shake.status is None else world.platform.dialect.meaning(shake.status)
    return Call(
        _WATCHING,
        Outcome("GET", _WATCHING, shake.status, shake.headers, shake.body, shake.error, meaning, shake.seconds),
    )


def _for_people(world: World) -> Iterator[Operation]:
    """Every endpoint for customers and operators, the public ones first; without the health of the services."""
    yield from (each for each in operations(world) if each.roles == PUBLIC and "health" not in each.groups)
    yield from (each for each in endpoints.protected(world) if each.roles != SERVICES)
