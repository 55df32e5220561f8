"""Many people's conversations of a long time: planted at once, paged through while others write, and found by a plan.

They are planted past the platform, with the statements and in the role with which it would have written them: what is
promised is how they are found, and writing a hundred thousand messages through the door would take minutes.
"""

import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from support.business_data.query_plan_matchers import Plan
from support.load.http_crowd import Crowd, Request
from support.load.populations import at_once, organisations
from support.matchers.timing import percentile
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import Plan as Segment
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold

ARCHIVE = "archive"
READING = "reading"
PAGE = 20
_WRITES = 3
_ENOUGH_PAGES = 20
_EVERY_SECONDS = 0.4

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
_WRITTEN = """
select t.id::text, t.id::text as thread, t.user_id::text, t.title from threads t where t.id::text = any (%(ids)s)
union all
select m.id::text, t.id::text, t.user_id::text, m.content from messages m join threads t on t.id = m.thread_id
where m.id::text = any (%(ids)s)
order by 1
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A message, or the title of a conversation that was begun, with its id (that of the conversation itself)."""

    id: str
    thread_id: str
    user_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """``people`` have ``threads`` conversations of ``messages`` each; some of them write, others read."""

    organisations: int
    people: int
    threads: int
    messages: int
    writers: int
    readers: int


# A small archive still has enough conversations for an index to be worth its while.
SIZES = {"full": Size(4, 100, 50, 20, 20, 8), "small": Size(4, 40, 50, 2, 8, 4)}


@dataclass(frozen=True, slots=True)
class Reading:
    """What readers were shown while others wrote: the ids of each round by reader, and all pages and writes."""

    shown: list[dict[User, list[str]]]
    pages: list[Outcome]
    written: list[tuple[Request, Outcome]]

    def acknowledged(self) -> list[Written]:
        """What was written, under the ids with which it was acknowledged and in their order."""
        return sorted(
            (_written(request, answer.body["id"]) for request, answer in self.written), key=lambda each: each.id
        )

    def judged(self) -> list[Outcome]:
        """The pages that were asked for between the first and the last write."""
        moments = [answer.sent_at for _, answer in self.written]
        return [page for page in self.pages if min(moments) <= page.sent_at <= max(moments)]

    @property
    def p95(self) -> float:
        """Of the pages that were asked for while others wrote, in seconds.

        :raises NotShown: there was none.
        """
        judged = self.judged()
        if not judged:
            raise NotShown("nobody read while others wrote")
        return percentile([page.seconds for page in judged], 0.95)

    def require_enough(self) -> None:
        """See that so many pages were asked for while others wrote that their times tell something.

        :raises NotShown: they were too few.
        """
        judged = len(self.judged())
        if judged < _ENOUGH_PAGES:
            raise NotShown(f"only {judged} of {len(self.pages)} pages were asked for while others wrote")


def _written(request: Request, id: str) -> Written:
    if "title" in request.json:
        return Written(id, id, request.who.id, request.json["title"])
    return Written(id, request.path.split("/")[3], request.who.id, request.json["content"])


def plant(world: World, *segments: Segment) -> Size:
    """People with their conversations; those who write and read are customers with sessions of their own.

    The segments are dealt out among the organisations, in each of which somebody writes and somebody reads.
    """
    size = SIZES[world.settings.profile]
    active = (size.writers + size.readers) // size.organisations
    everybody = organisations(world, size.organisations, active, *segments)
    values = {"people": size.people // size.organisations - active, "threads": size.threads, "messages": size.messages}

    def plant_for(tenant: str) -> None:
        with psycopg.connect(world.addresses.postgres_application_url) as connection:
            for statement in (_ACT, _PEOPLE, _THREADS, _MESSAGES):
                connection.execute(statement, {**values, "tenant": tenant})

    with ThreadPoolExecutor() as together:
        list(together.map(plant_for, {person.tenant.id for person in everybody}))
    # Otherwise it would depend on the database's leisure what it knows of them when it chooses a plan.
    with psycopg.connect(world.addresses.postgres_owner_url) as owner:
        owner.execute("analyze users, threads, messages")
    world.evidence.note("archive planted", people=size.people, threads=size.threads, messages=size.messages)
    return size


def _active(world: World, size: Size) -> tuple[list[User], list[User]]:
    """Who writes and who reads, as many of each in every organisation."""
    writing, reading = size.writers // size.organisations, size.readers // size.organisations
    places = [(number % (writing + reading), user) for number, user in enumerate(world.users.customers)]
    return [user for place, user in places if place < writing], [user for place, user in places if place >= writing]


def writers_at_work(world: World, size: Size, seconds: float) -> Crowd:
    """The writers begin conversations and write in those that they have, each at their own pace, for so long."""
    writers, _ = _active(world, size)
    own: dict[User, str] = {}

    def look_up(writer: User) -> None:
        own[writer] = world.platform.threads(writer, limit=1).require()["items"][0]["id"]

    at_once(writers, look_up)
    return Crowd(world, {str(writer): _writes(writer, own[writer], n, seconds) for n, writer in enumerate(writers)})


def _writes(writer: User, thread: str, number: int, seconds: float) -> list[Request]:
    # Nobody begins at the same moment as all the others.
    begins = number * _EVERY_SECONDS / 20
    writes = []
    for turn in range(int(seconds / _EVERY_SECONDS)):
        path, body = ("/v1/threads", {"title": "One more question"})
        if turn % 2 == 0:
            path, body = (f"/v1/threads/{thread}/messages", {"content": f"Message {turn}"})
        writes.append(Request(writer, "POST", path, body, after=begins + turn * _EVERY_SECONDS))
    return writes


def read_while_others_write(world: World, size: Size) -> Reading:
    """The readers page through their conversations again and again while the others write."""
    _, readers = _active(world, size)
    seconds = _WRITES * _EVERY_SECONDS
    crowd = writers_at_work(world, size, seconds)
    end = time.monotonic() + seconds
    rounds: list[dict[User, list[str]]] = []
    pages: list[Outcome] = []
    while time.monotonic() < end or not rounds:
        rounds.append({reader: _page_through(world, reader, pages) for reader in readers})
    return Reading(rounds, pages, crowd.answers())


def _page_through(world: World, reader: User, pages: list[Outcome]) -> list[str]:
    shown: list[str] = []
    cursor: str | None = None
    while True:
        page = world.platform.threads(reader, limit=PAGE, **({"cursor": cursor} if cursor else {}))
        pages.append(page)
        body = page.body if page.done else {}
        shown += [item["id"] for item in body.get("items", ())]
        cursor = body.get("next_cursor")
        if not cursor:
            return shown


def due(world: World, readers: Sequence[User]) -> dict[User, list[str]]:
    """The conversations of each reader, newest first, as the database holds them."""
    query = "select id::text from threads where user_id = %s order by created_at desc, id desc"
    with psycopg.connect(world.addresses.postgres_observer_url) as observer:
        return {reader: [id for (id,) in observer.execute(query, [reader.id])] for reader in readers}


# -- what was written -------------------------------------------------------------------------------------------------


def kept(world: World, written: Iterable[Written]) -> list[Written]:
    """What the database holds under the ids of what was written, in the order of the ids."""
    ids = [each.id for each in written]
    with psycopg.connect(world.addresses.postgres_observer_url) as observer:
        return [Written(*row) for row in observer.execute(_WRITTEN, {"ids": ids})]


# -- how they are found -----------------------------------------------------------------------------------------------


def plans(world: World, reader: User) -> list[Plan]:
    """How the database finds the first page of a reader's conversations, and the one after it.

    The statements are the platform's own, seen while they wait; the plans are those of its role.
    """
    first = world.platform.threads(reader, limit=PAGE).require()
    return [_plan(world, reader, {}), _plan(world, reader, {"cursor": first["next_cursor"]})]


def _plan(world: World, reader: User, place: dict[str, str]) -> Plan:
    hold = Hold(world).table_from_all("threads")
    page = partial(world.platform.threads, Anyone(reader.access_token), limit=PAGE, **place)
    statement = hold.statement_behind(page)
    if "threads" not in statement:
        raise NotShown(f"what waits for the conversations does not ask for them: {statement}")
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute(_ACT, {"tenant": reader.tenant.id})
        row = connection.execute(f"explain (generic_plan, format json) {statement}".encode()).fetchone()
    found: Any = row[0] if row else None
    plan: Plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    world.evidence.note("plan", statement=statement, plan=plan)
    return plan
