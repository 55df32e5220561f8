"""Pages of a large archive that are read while others write, and how the database finds them."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from support.business_data.archive import ArchiveSize, WrittenArchive, writers_and_readers
from support.business_data.pagination_matchers import QueryPlan
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.load.populations import at_once
from support.matchers.timing import percentile
from support.platform.driver import Anyone, Driver
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold

PAGE = 20
_WRITES = 3
_ENOUGH_PAGES = 20
_EVERY_SECONDS = 0.4

_ACT = "select set_config('app.tenant_id', %(tenant)s, true)"
_WRITTEN = """
select t.id::text, t.id::text as thread, t.user_id::text, t.title from threads t where t.id::text = any (%(ids)s)
union all
select m.id::text, t.id::text, t.user_id::text, m.content from messages m join threads t on t.id = m.thread_id
where m.id::text = any (%(ids)s)
order by 1
"""


@dataclass(frozen=True, slots=True)
class Write:
    """A message, or the title of a new conversation, with its id (that of the conversation itself)."""

    id: str
    thread_id: str
    user_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ArchiveReads:
    """What readers received while others wrote: the ids of each round by reader's alias, and all pages and writes."""

    readers: list[User]
    shown: list[dict[str, list[str]]]
    pages: list[Outcome]
    writes: list[tuple[CrowdRequest, Outcome]]

    def acknowledged(self) -> list[Write]:
        """What the platform acknowledged, sorted by the ids that it gave."""
        return sorted((_write(request, outcome.value.id) for request, outcome in self.writes), key=lambda each: each.id)

    def judged(self) -> list[Outcome]:
        """The pages that were asked for between the first and the last write."""
        moments = [answer.sent_at for _, answer in self.writes]
        return [page for page in self.pages if min(moments) <= page.sent_at <= max(moments)]

    @property
    def p95(self) -> float:
        """Of the pages that were asked for while others wrote, in seconds.

        :raises NotShown: there was none.
        """
        judged = self.judged()
        if not judged:
            raise NotShown("no page was read while others wrote")
        return percentile([page.seconds for page in judged], 0.95)

    def require_enough(self) -> None:
        """See that so many pages were asked for while others wrote that their times tell something.

        :raises NotShown: they were too few.
        """
        judged = len(self.judged())
        if judged < _ENOUGH_PAGES:
            raise NotShown(f"only {judged} of {len(self.pages)} pages were asked for while others wrote")


def _write(request: CrowdRequest, id: str) -> Write:
    thread, text = request.about
    return Write(id, thread or id, request.who.id, text)


def start_writers(world: World, size: ArchiveSize, seconds: float) -> HttpCrowd:
    """The writers start conversations and write in those that they have, each at their own pace, for ``seconds``."""
    writers, _ = writers_and_readers(world, size)
    own: dict[User, str] = {}

    def look_up(writer: User) -> None:
        own[writer] = world.platform.threads(writer, limit=1).require().items[0].id

    at_once(writers, look_up)
    return HttpCrowd(world, {str(writer): _writes(writer, own[writer], n, seconds) for n, writer in enumerate(writers)})


def _writes(writer: User, thread: str, number: int, seconds: float) -> list[CrowdRequest]:
    # The writers do not start all at the same time.
    offset = number * _EVERY_SECONDS / 20
    writes = []
    for turn in range(int(seconds / _EVERY_SECONDS)):
        about = (thread, f"Message {turn}") if turn % 2 == 0 else (None, "One more question")
        writes.append(CrowdRequest(writer, partial(_send, *about), after=offset + turn * _EVERY_SECONDS, about=about))
    return writes


def _send(thread: str | None, text: str, platform: Driver, writer: User) -> Outcome:
    return platform.post_message(writer, thread, text) if thread else platform.create_thread(writer, text)


def read_while_others_write(world: World, size: ArchiveSize) -> ArchiveReads:
    """The readers page through their conversations again and again while the others write."""
    _, readers = writers_and_readers(world, size)
    seconds = _WRITES * _EVERY_SECONDS
    crowd = start_writers(world, size, seconds)
    end = time.monotonic() + seconds
    rounds: list[dict[str, list[str]]] = []
    pages: list[Outcome] = []
    while time.monotonic() < end or not rounds:
        rounds.append({reader.alias: _page_through(world, reader, pages) for reader in readers})
    return ArchiveReads(readers, rounds, pages, crowd.answers())


def _page_through(world: World, reader: User, pages: list[Outcome]) -> list[str]:
    shown: list[str] = []
    cursor: str | None = None
    while True:
        page = world.platform.threads(reader, limit=PAGE, **({"cursor": cursor} if cursor else {}))
        pages.append(page)
        shown += [item.id for item in page.value.items] if page.done else []
        cursor = page.value.next if page.done else None
        if not cursor:
            return shown


# -- what the database holds, and how it finds it ---------------------------------------------------------------------


def expected_conversations(world: World, readers: Sequence[User]) -> dict[str, list[str]]:
    """The conversations of each reader, newest first: as they were written, or else as the database holds them."""
    if world.has_kept(WrittenArchive):
        written = world.kept(WrittenArchive).ids
        return {reader.alias: written[reader.alias] for reader in readers}
    query = "select id::text from threads where user_id = %s order by created_at desc, id desc"
    with opened.as_observer(world) as observer:
        return {reader.alias: [id for (id,) in observer.execute(query, [reader.id])] for reader in readers}


def stored_writes(world: World, writes: Iterable[Write]) -> list[Write]:
    """What the database holds under the ids of these writes, sorted by id."""
    ids = [each.id for each in writes]
    with opened.as_observer(world) as observer:
        return [Write(*row) for row in observer.execute(_WRITTEN, {"ids": ids})]


def query_plans(world: World, reader: User) -> list[QueryPlan]:
    """How the database finds the first page of a reader's conversations, and the one after it.

    The statements are the platform's own, seen while they wait; the plans are those of its role.
    """
    first = world.platform.threads(reader, limit=PAGE).require()
    return [_query_plan(world, reader, {}), _query_plan(world, reader, {"cursor": first.next})]


def _query_plan(world: World, reader: User, place: dict[str, str]) -> QueryPlan:
    hold = Hold(world).table_from_all("threads")
    page = partial(world.platform.threads, Anyone(reader.access_token), limit=PAGE, **place)
    statement = hold.statement_behind(page)
    if "threads" not in statement:
        raise NotShown(f"what waits for the conversations does not ask for them: {statement}")
    with opened.as_platform(world) as connection:
        connection.execute(_ACT, {"tenant": reader.tenant.id})
        row = connection.execute(f"explain (generic_plan, format json) {statement}".encode()).fetchone()
    found: Any = row[0] if row else None
    plan: QueryPlan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    world.evidence.note("query plan", statement=statement, plan=plan)
    return plan
