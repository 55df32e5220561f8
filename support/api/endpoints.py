"""The published endpoints of the platform, and callers who call all of them."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from support.api.access_rules import PUBLIC, SERVICES
from support.api.calls import Call
from support.api.owned_resources import OwnedResources
from support.load.http_crowd import a_few_at_a_time
from support.platform.driver import Caller
from support.platform.examples import body_of, example_of, filled
from support.platform.openapi import Operation, operations
from support.scenario.users import User
from support.scenario.world import World

# Reading comes before changing, changing before deleting; logging out is the last thing that a caller can do.
_ORDER = {"GET": 0, "PUT": 1, "PATCH": 2, "POST": 3, "DELETE": 4}


def protected(world: World) -> list[Operation]:
    """Every published endpoint that is not public, also those without an access rule, in the order of calling."""
    found = [each for each in operations(world) if each.roles != PUBLIC]
    return sorted(found, key=in_order)


def for_owners(world: World) -> list[Operation]:
    """The endpoints that the owner of an organisation may call."""
    return [each for each in protected(world) if "owner" in (each.roles or ())]


def in_order(endpoint: Operation) -> tuple[bool, int, int, str]:
    """A key that sorts endpoints as one caller can call them in turn; parts are deleted before the whole."""
    depth = endpoint.path.count("/") if endpoint.method == "DELETE" else 0
    return "log_out" in endpoint.groups, _ORDER[endpoint.method], -depth, endpoint.place


def call(world: World, endpoint: Operation, caller: Caller, ids: Mapping[str, str]) -> Call:
    """Call an endpoint with a valid request.

    :param ids: what its path and body name, by parameter.
    """
    path = endpoint.path
    for name in endpoint.names("path"):
        path = path.replace(f"{{{name}}}", ids.get(name) or str(example_of(endpoint, {}, name)))
    answer = world.platform.request(
        caller,
        endpoint.method,
        path,
        service=endpoint.service,
        json=filled(body_of(endpoint), ids),
        query=endpoint.query,
        headers={name: str(example_of(endpoint, {"format": "uuid"}, name)) for name in endpoint.names("header")},
    )
    return Call(endpoint.place, answer)


def call_all(world: World, chosen: Iterable[Operation], caller: Caller, ids: Mapping[str, str]) -> list[Call]:
    """Call endpoints in the order given, those of the same method side by side."""
    return [
        made
        for _, alike in groupby(chosen, key=lambda each: in_order(each)[:3])
        for made in a_few_at_a_time(lambda each: call(world, each, caller, ids), alike)
    ]


def call_as_owner(world: World) -> list[Call]:
    """The owner of the resources calls every endpoint for owners that comes to an end, and is logged in again then."""
    owned = world.kept(OwnedResources)
    chosen = [each for each in for_owners(world) if "endless" not in each.groups]
    made = call_all(world, chosen, owned.owner, owned.ids)
    log_in_again(world, owned.owner)
    return made


def call_with_own_token(world: World, user: User) -> list[Call]:
    """The user calls every endpoint for customers with the present access token."""
    for_customers = [each for each in protected(world) if each.roles != SERVICES]
    return call_all(world, for_customers, user, {})


def log_in_again(world: World, user: User) -> None:
    """A new session for a user who has logged out; returns when all runs of the user have ended."""
    world.users.log_in(user)
    wait_for_runs(world, user)


def wait_for_runs(world: World, user: User) -> None:
    """Return when no run of the user is running any more."""
    world.eventually(
        lambda: world.platform.runs(user).require().items,
        lambda runs: all(run.status.is_end for run in runs),
        "run ends",
    )
