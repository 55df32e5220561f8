"""An archive of conversations: a large one that is planted at once, and a small one that its owners write themselves.

The large one is planted past the platform, with the statements and in the role with which the platform would have
written it: the promise is how fast pages are found, and writing a hundred thousand messages through the API would take
minutes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from support.load.populations import at_once, organisations
from support.scenario.users import Plan, User
from support.scenario.world import World
from support.stores import opened, replication

_ACT = "select set_config('app.tenant_id', %(tenant)s, true)"
_PEOPLE = """
insert into users (id, tenant_id, email, role, password_hash)
select gen_random_uuid(), %(tenant)s, gen_random_uuid() || '@archive.example', 'member', '!'
from generate_series(1, %(people)s)
"""
_THREADS = """
insert into threads (id, tenant_id, user_id, title, created_at)
select gen_random_uuid(), u.tenant_id, u.id, 'Question ' || n, now() - n * interval '1 hour'
from users u cross join generate_series(1, %(threads)s) n where u.tenant_id = %(tenant)s
"""
_MESSAGES = """
insert into messages (id, tenant_id, thread_id, role, content, created_at)
select gen_random_uuid(), t.tenant_id, t.id, 'user', 'Message ' || n, t.created_at + n * interval '1 minute'
from threads t cross join generate_series(1, %(messages)s) n where t.tenant_id = %(tenant)s
"""


@dataclass(frozen=True, slots=True)
class ArchiveSize:
    """``people`` have ``threads`` conversations of ``messages`` each; some of them write, others read."""

    organisations: int
    people: int
    threads: int
    messages: int
    writers: int
    readers: int


@dataclass(frozen=True, slots=True)
class WrittenArchive:
    """The conversations that customers have written themselves, newest first, by the customer's alias."""

    ids: dict[str, list[str]]


# A small archive still has enough conversations for an index to be worth its while.
SIZES = {"full": ArchiveSize(4, 100, 50, 20, 20, 8), "small": ArchiveSize(4, 40, 50, 2, 8, 4)}


def plant(world: World, *plans: Plan) -> ArchiveSize:
    """People with their conversations; those who write and read are customers with sessions of their own.

    The plans are dealt out among the organisations, in each of which somebody writes and somebody reads.
    """
    size = SIZES[world.settings.profile]
    active = (size.writers + size.readers) // size.organisations
    everybody = organisations(world, size.organisations, active, *plans)
    values = {"people": size.people // size.organisations - active, "threads": size.threads, "messages": size.messages}

    def plant_for(tenant: str) -> None:
        with opened.as_platform(world) as connection:
            for statement in (_ACT, _PEOPLE, _THREADS, _MESSAGES):
                connection.execute(statement, {**values, "tenant": tenant})

    with ThreadPoolExecutor() as together:
        list(together.map(plant_for, {person.tenant.id for person in everybody}))
    # Otherwise it would depend on autovacuum what the database knows of them when it chooses a query plan.
    with opened.as_owner(world) as owner:
        owner.execute("analyze users, threads, messages")
    replication.expect_replayed(world)
    world.evidence.note("archive planted", people=size.people, threads=size.threads, messages=size.messages)
    return size


def write(world: World, *plans: Plan) -> ArchiveSize:
    """Customers create their conversations themselves, several customers at a time."""
    size = ArchiveSize(organisations=4, people=12, threads=50, messages=0, writers=8, readers=4)
    written = WrittenArchive({})

    def write_all(customer: User) -> None:
        titles = (f"Question {number} {customer.tenant.marker}" for number in range(size.threads))
        created = [world.platform.create_thread(customer, title).require().id for title in titles]
        written.ids[customer.alias] = created[::-1]

    at_once(organisations(world, size.people, 1, *plans), write_all)
    world.keep(written)
    return size


def writers_and_readers(world: World, size: ArchiveSize) -> tuple[list[User], list[User]]:
    """Who writes and who reads, as many of each in every organisation."""
    writing, reading = size.writers // size.organisations, size.readers // size.organisations
    places = [(number % (writing + reading), user) for number, user in enumerate(world.users.customers)]
    return [user for place, user in places if place < writing], [user for place, user in places if place >= writing]


def _archive(world: World) -> None:
    world.keep(plant(world, *Plan))


def _written(world: World) -> None:
    world.keep(write(world, *Plan))


GROUPS: dict[str, Callable[[World], None]] = {
    "a hundred users with fifty conversations of twenty messages each": _archive,
    "twelve customers with fifty conversations each": _written,
}
