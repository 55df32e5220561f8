"""Many customers at once: signed up side by side, connected as a crowd, with runs at the same time.

The run's profile decides how many they are: a feature names the full number; the small profile, which shows the same
with fewer, is for the proof.

Owners sign up. Their colleagues are written past the platform, in the role that it would have given them: inviting
hundreds through the API takes longer than what the crowd is there for, and shows nothing of it.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

from support.load.socket_crowd import SocketCrowd
from support.platform.components import Component
from support.scenario import agents, planting
from support.scenario.users import PEOPLE, Plan, Role, User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.memory import private_bytes
from support.stores import opened

_AT_ONCE = 8
_ACT = "select set_config('app.tenant_id', %s, true)"
# With the owner's password: only the platform knows how it keeps one.
_COLLEAGUE = """
insert into users (id, tenant_id, email, role, display_name, password_hash)
select gen_random_uuid(), tenant_id, %s, %s, %s, password_hash from users where id = %s
returning id::text
"""
_OWN_EVENTS = 3
"""The events of a talkative run beside those it is asked for: its start, its first thought, its end."""


@dataclass(frozen=True, slots=True)
class CrowdSize:
    """How many take part; ``events`` is what each of ``customers`` receives from two runs."""

    organisations: int
    people: int
    customers: int
    events: int


@dataclass(frozen=True, slots=True)
class ConnectionMemory:
    """The bytes of memory that each connection of a crowd costs the backend."""

    bytes: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many people take part that their connections are held by a process of their own."""

    people: Sequence[User]


SIZES = {"full": CrowdSize(50, 10, 50, 1_000), "small": CrowdSize(10, 10, 10, 100)}


def size(world: World) -> CrowdSize:
    """The size that the run's profile asks for."""
    return SIZES[world.settings.profile]


def organisations(world: World, count: int, people: int, *plans: Plan) -> list[User]:
    """Sign up organisations of so many people each, several at a time; everybody is logged in.

    The plans are dealt out among the organisations, one after the other.
    The people of an organisation share one HTTP connection, so that hundreds are never open.

    :raises NotShown: the platform refused somebody.
    """
    users = world.users
    names = [PEOPLE[n] if n < len(PEOPLE) else f"Person{n + 1}" for n in range(people - 1)]
    founded = [[owner, *(users[f"{name} of {owner.alias}"] for name in names)] for owner in users.owners(count)]
    for owner, *colleagues in founded:
        for person in colleagues:
            person.http = owner.http
    owners = [owner for owner, *_ in founded]
    plan_of = dict(zip(owners, cycle(plans), strict=False))
    at_once(owners, lambda owner: users.settle(owner, plan_of[owner]))
    with opened.as_platform(world) as connection:
        for owner, *colleagues in founded:
            _plant_colleagues(connection, owner, colleagues)
    everybody = [person for organisation in founded for person in organisation]
    at_once(everybody, users.settle)
    world.keep(Crowd(everybody))
    return everybody


def _plant_colleagues(connection: opened.Connection, owner: User, colleagues: Iterable[User]) -> None:
    connection.execute(_ACT, [owner.tenant.id])
    for person in colleagues:
        person.role, person.password = Role.MEMBER.value, owner.password
        planted = connection.execute(_COLLEAGUE, [person.email, person.role, person.alias, owner.id]).fetchone()
        if planted is None:
            raise NotShown(f"{owner} is not there to have colleagues")
        (person.id,) = planted


def at_once(people: Iterable[User], act: Callable[[User], object]) -> None:
    """Have everybody act, several at a time; those who share an HTTP connection take turns."""
    sharing: dict[int, list[User]] = {}
    for person in people:
        sharing.setdefault(id(person.http), []).append(person)

    def in_turn(some: Sequence[User]) -> None:
        for person in some:
            act(person)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(in_turn, sharing.values()))


def with_usage(world: World, people: Sequence[User]) -> None:
    """Store usage for the organisations of all these people."""
    owners = [person for person in people if person.tenant.alias == person.alias]
    at_once(owners, lambda owner: planting.usage(world, owner.tenant))


def emit_together(world: World, user: User, events: int | None = None) -> None:
    """Two agents of the user emit so many events together, as fast as they can; unless told, the profile's number."""
    for _ in range(2):
        thoughts = (events or size(world).events) // 2 - _OWN_EVENTS
        world.running(user, agents.PROBE, input=agents.talkative(thoughts))


def everybody_watches(world: World) -> None:
    """Connect everybody who takes part: each over a connection of their own, or as a crowd where they are many."""
    # What holds a crowd's connections knows WebSockets alone.
    if world.has_kept(Crowd) and not world.platform.transport().per_run:
        _connect_crowd(world)
        return
    for user in list(world.users):
        world.watch(user)


def _connect_crowd(world: World) -> None:
    # Who watches already, over a connection of their own, is left out.
    people = [user for user in world.users.customers if not user.captures]
    crowd = SocketCrowd(world.target)
    world.undo.register("close the crowd's connections", crowd.close)
    world.keep(crowd)
    first, later = people[: len(people) // 2], people[len(people) // 2 :]
    took = crowd.open({person: world.transport(person).address for person in first})
    # What a service needs for its very first customers is no cost of each of them.
    before = private_bytes(world.stack, world.target.part(Component.API).service)
    took += crowd.open({person: world.transport(person).address for person in later})
    world.keep(
        ConnectionMemory((private_bytes(world.stack, world.target.part(Component.API).service) - before) / len(later))
    )
    world.evidence.note("crowd connected", connections=len(people), took=round(took, 3))


def connections(world: World) -> int:
    """How many connections must be judged, when everybody watches: those of the crowd, or everybody's own."""
    if world.has_kept(SocketCrowd):
        return world.kept(SocketCrowd).size
    return sum(max(1, len(user.captures)) for user in world.users.customers)


def ten_with_servers(world: World) -> None:
    """Ten customers of all plans, each with servers in the cloud."""
    for customer in world.users.crowd(10):
        planting.own_cloud(world, customer.tenant)


def _ten_of_one_plan_with_servers(world: World) -> None:
    at_once(world.users.owners(10), lambda owner: world.users.settle(owner, Plan.MID))
    for customer in world.users.customers:
        planting.own_cloud(world, customer.tenant)


def _four_of_one_plan(world: World) -> None:
    at_once(world.users.owners(4), lambda owner: world.users.settle(owner, Plan.MID))


def _ten_of_one_plan_with_servers_and_usage(world: World) -> None:
    _ten_of_one_plan_with_servers(world)
    with_usage(world, world.users.customers)


def _with_stored_usage(world: World) -> None:
    with_usage(world, organisations(world, 10, 1, Plan.MID))


def _customers(world: World) -> None:
    organisations(world, size(world).customers, 1, Plan.ENTERPRISE)


def _organisations_with_stored_usage(world: World) -> None:
    with_usage(world, organisations(world, size(world).organisations, size(world).people, Plan.ENTERPRISE))


GROUPS: dict[str, Callable[[World], None]] = {
    "four Mid customers": _four_of_one_plan,
    "ten customers with servers in the cloud": ten_with_servers,
    "ten Mid customers with servers in the cloud and stored usage": _ten_of_one_plan_with_servers_and_usage,
    "ten customers with stored usage": _with_stored_usage,
    "fifty customers": _customers,
    "fifty organisations of ten people with stored usage": _organisations_with_stored_usage,
}
"""Who takes part, by the words of a feature. Where it says fifty, the run's profile says how many."""
