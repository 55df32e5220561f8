"""Seeded defects of business data (DBL)."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

from fastapi import APIRouter, Response
from redis.exceptions import RedisError
from sqlalchemy import Connection, Row, Table, Text, delete, func, select, text, update
from sqlalchemy.exc import OperationalError

from apex import cache as caching
from apex.auth import accounts
from apex.auth.models import User
from apex.backend import allowance
from apex.backend import runs as backend_runs
from apex.backend import threads as conversations
from apex.backend.models import Expense, Expenses, Message, NewExpense, NewThread, Thread, Threads
from apex.backend.paging import after, next_cursor
from apex.cache import Cache
from apex.database import Database
from apex.defects import defect
from apex.defects._patching import replace
from apex.identity import Caller, Identity, acting_as
from apex.problems import Problem, conflict, not_found, unavailable
from apex.runs import Ending
from apex.tables import allowances, expenses, messages, outbox, tenants, threads
from apex.worker import supervisor


def _instead(own: Any, of: ModuleType = conversations) -> None:
    """Have routes of ``own(database, router)`` answer in the place of those of a module of the platform."""

    def routes(database: Database, *others: Any) -> APIRouter:
        router = APIRouter()
        own(database, router)
        router.include_router(original(database, *others))
        return router

    original = replace(of, "routes", routes)


def _unguarded(table: str) -> None:
    """Switch row-level security off on a table once the service has seen to it; the next start restores it."""

    def migrate(self: Database) -> None:
        original(self)
        with self.as_owner() as connection:
            connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))

    original = replace(Database, "migrate", migrate)


@defect(
    "DBL-01a",
    service="auth",
    summary="an address in other letters counts as another address",
    scenario="An address that is taken cannot be taken again in other letters",
    step="the sign-up is refused because the address is taken",
)
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        taken = connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first()
        # The space stands for what a schema without its unique index would let in.
        user: User = original(connection, tenant_id, f"{email} " if taken else email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01b",
    service="auth",
    summary="the name that a customer gave at sign-up is not kept",
    scenario="A customer who signed up is found again from elsewhere",
    step="Acme is known there as the customer who signed up",
)
def _() -> None:
    def insert_user(
        connection: Connection, tenant_id: str, email: str, role: str, name: str | None, password_hash: str
    ) -> User:
        user: User = original(connection, tenant_id, email, role, None, password_hash)
        return user.model_copy(update={"display_name": name})

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01c",
    service="auth",
    summary="a sign-up writes its user twice",
    scenario="A customer who signed up is found again from elsewhere",
    step="the records hold Acme once",
)
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        original(connection, tenant_id, f"{email} ", *others)
        user: User = original(connection, tenant_id, email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


@defect(
    "DBL-01d",
    service="auth",
    summary="a refused sign-up leaves its organisation behind",
    scenario="An address that is taken cannot be taken again in other letters",
    step="the records hold nothing of Borealis",
)
def _() -> None:
    def create(self: accounts.Accounts, organisation: str, plan: str, *others: Any) -> Any:
        try:
            return original(self, organisation, plan, *others)
        except Problem:
            left = str(uuid.uuid4())
            with self._database.tenant(left) as connection:
                connection.execute(tenants.insert().values(id=left, name=organisation, plan=plan))
            raise

    original = replace(accounts.Accounts, "_create", create)


@defect(
    "DBL-02a",
    service="backend",
    summary="the list is filtered in the page, not in the query",
    scenario="Nobody else can read, change or guess a conversation",
    step="each still finds their own conversation and no other",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            query = select(threads).where(*after(threads, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc(), threads.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [
                Thread.model_validate(row, from_attributes=True)
                for row in rows[:limit]
                if row.user_id == identity.user_id
            ]
            return Threads(items=items, next_cursor=next_cursor(rows, limit))

    _instead(own)


@defect(
    "DBL-02b",
    service="backend",
    summary="a conversation is looked for in the tenant, not among the caller's own",
    scenario="Nobody else can read, change or guess a conversation",
    step="each is answered as if the conversation had never existed",
)
def _() -> None:
    def own_thread(connection: Connection, identity: Identity, thread_id: str) -> Row[Any]:
        row = connection.execute(select(threads).where(threads.c.id == thread_id)).first()
        if row is None:
            raise not_found()
        return row

    replace(conversations, "own_thread", own_thread)


@defect(
    "DBL-02c",
    service="backend",
    summary="pages of conversations are counted off from the newest",
    scenario="Conversations that come and go make no page repeat or leave out another",
    step="each conversation that stayed was shown once, newest first",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            start = int(cursor or 0)
            query = select(threads).where(threads.c.user_id == identity.user_id)
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc()).offset(start).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Threads(items=items, next_cursor=str(start + limit) if len(rows) > limit else None)

    _instead(own)


@defect(
    "DBL-02d",
    service="backend",
    summary="a page of messages ends one after the one that it shows last",
    scenario="Messages that are added make no page repeat or leave out another",
    step="every message was shown once, in the order in which it was written",
)
def _() -> None:
    def after_next(rows: list[Row[Any]], limit: int) -> str | None:
        return next_cursor([*rows[1:], *rows[:1]], limit)

    replace(conversations, "next_cursor", after_next)


@defect(
    "DBL-02e",
    service="backend",
    summary="a new title is answered but not stored",
    scenario="A renamed conversation keeps what was said",
    step="the first conversation reads as it was, under its new title",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.patch("/v1/threads/{thread_id}")
        def rename(thread_id: str, request: NewThread, identity: Caller) -> Thread:
            with acting_as(database, identity) as connection:
                thread = conversations.own_thread(connection, identity, thread_id)
            stored = Thread.model_validate(thread, from_attributes=True)
            return stored.model_copy(update={"title": request.title})

    _instead(own)


@defect(
    "DBL-02f",
    service="backend",
    summary="a deletion is confirmed but not carried out",
    scenario="A deleted conversation is gone with all that was said",
    step="the first conversation is answered as if it had never existed",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                conversations.own_thread(connection, identity, thread_id)
            return Response(status_code=204)

    _instead(own)


@defect(
    "DBL-02g",
    service="backend",
    summary="a deleted conversation is only hidden: its rows stay",
    scenario="A deleted conversation is gone with all that was said",
    step="the records hold nothing of the first conversation",
)
def _() -> None:
    hidden: set[str] = set()

    def own(database: Database, router: APIRouter) -> None:
        @router.delete("/v1/threads/{thread_id}", status_code=204)
        def remove(thread_id: str, identity: Caller) -> Response:
            with acting_as(database, identity) as connection:
                hidden.add(str(conversations.own_thread(connection, identity, thread_id).id))
            return Response(status_code=204)

    def own_thread(connection: Connection, identity: Identity, thread_id: str) -> Row[Any]:
        if thread_id in hidden:
            raise not_found()
        row: Row[Any] = original(connection, identity, thread_id)
        return row

    original = replace(conversations, "own_thread", own_thread)
    _instead(own)


@defect(
    "DBL-02h",
    service="backend",
    summary="what is said loses the space around it",
    scenario="A conversation reads as it was written",
    step="the conversation reads as it was written",
)
def _() -> None:
    def new_message(connection: Connection, tenant_id: str, thread_id: str, content: str, *others: Any) -> Row[Any]:
        row: Row[Any] = original(connection, tenant_id, thread_id, content.strip(), *others)
        return row

    original = replace(conversations, "new_message", new_message)


def _altered_texts(alter: Callable[[str], str]) -> None:
    """Have every text of a finished run's answer altered on its way into the database."""

    def altered(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: altered(member) for name, member in value.items()}
        if isinstance(value, list):
            return [altered(member) for member in value]
        return alter(value) if isinstance(value, str) else value

    def ending(status: str, answer: dict[str, Any] | None = None, **others: Any) -> Ending:
        return Ending(status, answer=altered(answer), **others)

    replace(supervisor, "Ending", ending)


@defect(
    "DBL-03a",
    service="worker",
    summary="money passes through floats",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    def through_float(value: str) -> str:
        return str(float(value)) if re.fullmatch(r"-?\d+\.\d+", value) else value

    _altered_texts(through_float)


@defect(
    "DBL-03b",
    service="worker",
    summary="letters that look alike are made one",
    scenario="A rich state reads back as the agent left it",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: unicodedata.normalize("NFKC", value))


@defect(
    "DBL-03c",
    service="worker",
    summary="long texts are cut where an older column ended",
    scenario="A megabyte of text is kept to its last letter",
    step="the state reads back exactly as the agent left it",
)
def _() -> None:
    _altered_texts(lambda value: value[:65_535])


@defect(
    "DBL-03d",
    service="backend",
    summary="in the conversation an answer is shown without what is nested in it",
    scenario="A rich state reads back as the agent left it",
    step="it reads the same in the conversation",
)
def _() -> None:
    def flat(value: Any) -> Any:
        return {name: None if isinstance(member, dict) else member for name, member in value.items()}

    def validate(_: Any, /, row: Any, **options: Any) -> Message:
        message = original(row, **options)
        return message.model_copy(update={"data": flat(message.data)}) if message.data else message

    original = Message.model_validate
    replace(Message, "model_validate", classmethod(validate))


@defect(
    "DBL-04a",
    service="backend",
    summary="the table of usage has no policy",
    scenario="On behalf of one customer the database shows nothing of another",
    step="it sees Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("usage_records")


@defect(
    "DBL-04b",
    service="backend",
    summary="the table of people has no policy",
    scenario="On behalf of nobody the database shows nothing",
    step="it sees nothing at all",
)
def _() -> None:
    _unguarded("users")


@defect(
    "DBL-04c",
    service="backend",
    summary="the table of what is to be sent has no policy",
    scenario="On behalf of one customer nothing of another can be changed",
    step="it has changed Acme's data of every kind and nobody else's",
)
def _() -> None:
    _unguarded("outbox")


@defect(
    "DBL-05a",
    service="backend",
    summary="the cache is kept for the month, whatever changes",
    scenario="A change is seen by the next who looks",
    step="Acme and Ben of Acme read the allowance as it now is",
)
def _() -> None:
    replace(allowance, "cached_version", lambda month, version: str(month))


@defect(
    "DBL-05b",
    service="backend",
    summary="each backend keeps a copy of its own, and drops it only when the change came through itself",
    scenario="Two backends read the same",
    step="both have read the allowance as it was after each change",
)
def _() -> None:
    own: dict[str, dict[str, Any]] = {}

    def statement(connection: Connection, cache: Cache, tenant_id: str) -> dict[str, Any]:
        fresh: dict[str, Any] = original(connection, cache, tenant_id)
        return own.setdefault(tenant_id, fresh)

    def dropping(name: str) -> None:
        def change(connection: Connection, whose: Identity | str, *others: Any) -> Any:
            own.pop(whose.tenant_id if isinstance(whose, Identity) else whose, None)
            return changing(connection, whose, *others)

        changing = replace(allowance, name, change)

    original = replace(allowance, "statement", statement)
    for name in ("count_spent", "set_allowance", "lock_allowance"):
        dropping(name)


@defect(
    "DBL-05c",
    service="backend",
    summary="the cache is told to forget what was changed; what it is told while it is away is lost",
    scenario="What is read is right while the cache is in trouble",
    step="so it is read from the cache when that is back",
)
def _() -> None:
    caches: list[Cache] = []

    def init(self: Cache, url: str) -> None:
        original(self, url)
        caches.append(self)

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        month: date = counting(connection, identity, amount)
        for cache in caches:
            with suppress(RedisError):
                cache._redis.delete(f"cache:{identity.tenant_id}:allowance:{month}")
        return month

    original = replace(Cache, "__init__", init)
    counting = replace(allowance, "count_spent", count_spent)
    replace(allowance, "cached_version", lambda month, version: str(month))


@defect(
    "DBL-05d",
    service="backend",
    summary="without the cache nothing can be read",
    scenario="What is read is right while the cache is in trouble",
    step="Acme reads the allowance as it now is",
)
def _() -> None:
    def leave_alone(self: Cache, error: RedisError) -> None:
        raise unavailable()

    replace(Cache, "_leave_alone", leave_alone)


@defect(
    "DBL-05e",
    service="backend",
    summary="the cache knows one value of a kind, whoever's it is",
    scenario="The cache shows each customer their own",
    step="each has read their own allowance",
)
def _() -> None:
    replace(caching, "_key", lambda tenant_id, kind, version: f"cache:{kind}")


def _final_so_far(connection: Connection, tenant_id: str) -> None:
    """What the transaction has written is final, whatever becomes of the rest."""
    driver: Any = connection.connection.driver_connection
    driver.commit()
    connection.execute(text("SELECT set_config('app.tenant_id', :tenant, true)"), {"tenant": tenant_id})


@defect(
    "DBL-06a",
    service="backend",
    summary="an expense is counted in one transaction and written down in another",
    scenario="An expense whose booking breaks off is not booked",
    step="Acme finds nothing of it, neither meanwhile nor afterwards",
)
def _() -> None:
    def write_expense(connection: Connection, identity: Identity, request: NewExpense) -> Row[Any]:
        _final_so_far(connection, identity.tenant_id)
        row: Row[Any] = original(connection, identity, request)
        return row

    original = replace(allowance, "write_expense", write_expense)


@defect(
    "DBL-06b",
    service="backend",
    summary="a run is written in one transaction and its question in another",
    scenario="A run whose request breaks off is not begun",
    step="Acme finds nothing of it, neither meanwhile nor afterwards",
)
def _() -> None:
    def new_message(connection: Connection, tenant_id: str, *others: Any) -> Row[Any]:
        _final_so_far(connection, tenant_id)
        row: Row[Any] = original(connection, tenant_id, *others)
        return row

    original = replace(backend_runs, "new_message", new_message)


@defect(
    "DBL-06c",
    service="backend",
    summary="a booking is remembered as under way and never forgotten when it breaks off",
    scenario="An expense whose booking breaks off is not booked",
    step="what Acme books again is booked once",
)
def _() -> None:
    under_way: set[tuple[str, Decimal, str]] = set()

    def write_expense(connection: Connection, identity: Identity, request: NewExpense) -> Row[Any]:
        booking = (identity.user_id, request.amount, request.purpose)
        if booking in under_way:
            raise conflict("This is being booked already.")
        under_way.add(booking)
        row: Row[Any] = original(connection, identity, request)
        under_way.discard(booking)
        return row

    original = replace(allowance, "write_expense", write_expense)


@defect(
    "DBL-06d",
    service="backend",
    summary="whoever loses the database in the middle is told that the fault is theirs",
    scenario="A run whose request breaks off is not begun",
    step="Acme is asked to try again",
)
def _() -> None:
    def new_message(*arguments: Any) -> Row[Any]:
        try:
            row: Row[Any] = original(*arguments)
        except OperationalError:
            raise conflict("This cannot be asked now.") from None
        return row

    original = replace(backend_runs, "new_message", new_message)


@defect(
    "DBL-06e",
    service="backend",
    summary="a question is written when it is asked, and once more when its run is asked for again",
    scenario="A run whose request breaks off is not begun",
    step="when Acme asks again there is one whole run",
)
def _() -> None:
    broken_off: set[str] = set()

    def new_message(connection: Connection, tenant_id: str, *others: Any) -> Row[Any]:
        try:
            row: Row[Any] = original(connection, tenant_id, *others)
        except OperationalError:
            broken_off.add(tenant_id)
            raise
        return original(connection, tenant_id, *others) if tenant_id in broken_off else row

    original = replace(backend_runs, "new_message", new_message)


class _FinalAtOnce:
    """A connection on which everything that is written is final at once."""

    def __init__(self, connection: Connection, tenant_id: str) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    def execute(self, *arguments: Any) -> Any:
        """Write, and never take it back."""
        result = self._connection.execute(*arguments)
        _final_so_far(self._connection, self._tenant_id)
        return result


@defect(
    "DBL-06f",
    service="worker",
    summary="a run's state, answer and story are written one after the other",
    scenario="A run whose end breaks off ends all the same",
    step="Acme has found nothing of the end while it was half-way",
)
def _() -> None:
    def end_run(connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> bool:
        ended: bool = original(_FinalAtOnce(connection, run.tenant_id), run, ending, **others)
        return ended

    original = replace(supervisor, "end_run", end_run)


@defect(
    "DBL-06g",
    service="worker",
    summary="an end that breaks off is not written again, and the run is lost with its answer",
    scenario="A run whose end breaks off ends all the same",
    step="Acme finds the whole end all the same",
)
def _() -> None:
    def end_run(*arguments: Any, **others: Any) -> bool:
        try:
            ended: bool = original(*arguments, **others)
        except OperationalError:
            raise RuntimeError("the database is gone") from None
        return ended

    original = replace(supervisor, "end_run", end_run)


@defect(
    "DBL-06h",
    service="worker",
    summary="an end that is written again is not told again",
    scenario="A run whose end breaks off ends all the same",
    step="Acme has received the complete story of the run",
)
def _() -> None:
    broken_off: set[str] = set()

    def end_run(connection: Connection, run: Row[Any], ending: Ending, **others: Any) -> bool:
        try:
            ended: bool = original(connection, run, ending, **others)
        except OperationalError:
            broken_off.add(run.id)
            raise
        if run.id in broken_off:
            connection.execute(delete(outbox).where(outbox.c.payload["run_id"].astext == run.id))
        return ended

    original = replace(supervisor, "end_run", end_run)


@defect(
    "DBL-07a",
    service="backend",
    summary="what is spent is read, added to, and written back",
    scenario="Everything is counted that fifty people book at once",
    step="each organisation has spent exactly what its people booked",
)
def _() -> None:
    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        own = allowances.c.tenant_id == identity.tenant_id
        row = connection.execute(select(allowances).where(own)).one()
        values = {"spent": row.spent + amount, "version": str(uuid.uuid4())}
        connection.execute(update(allowances).where(own).values(values))
        month: date = row.month
        return month

    replace(allowance, "count_spent", count_spent)


@defect(
    "DBL-07b",
    service="backend",
    summary="what a person spends is counted for whoever of the organisation came first",
    scenario="Everything is counted that fifty people book at once",
    step="each person has spent exactly what they booked",
)
def _() -> None:
    first: dict[str, Identity] = {}

    def count_share(connection: Connection, identity: Identity, amount: Decimal, month: date) -> None:
        original(connection, first.setdefault(identity.tenant_id, identity), amount, month)

    original = replace(allowance, "count_share", count_share)


@defect(
    "DBL-07c",
    service="backend",
    summary="the sum of the budgets is compared while others change it",
    scenario="Two budgets that are raised at once stay within the allowance",
    step="one is raised and the other refused for want of room",
)
def _() -> None:
    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        return connection.execute(select(allowances).where(allowances.c.tenant_id == tenant_id)).one()

    replace(allowance, "lock_allowance", lock_allowance)


@defect(
    "DBL-07d",
    service="backend",
    summary="a refused raise of a budget is made all the same",
    scenario="Two budgets that are raised at once stay within the allowance",
    step="the budgets are within the allowance",
)
def _() -> None:
    def keep_ceiling(connection: Connection, allowed: Row[Any]) -> None:
        try:
            original(connection, allowed)
        except Problem:
            _final_so_far(connection, allowed.tenant_id)
            raise

    original = replace(allowance, "keep_ceiling", keep_ceiling)


@defect(
    "DBL-07e",
    service="backend",
    summary="messages are moved by copying them and removing what was copied",
    scenario="Messages that are moved to two places at once are in one of them",
    step="one move is made and the other refused",
)
def _() -> None:
    def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
        moving = (messages.c.thread_id == source_id, messages.c.id.in_(chosen or ()))
        for row in connection.execute(select(messages).where(*moving)).all():
            copied = {**row._mapping, "id": str(uuid.uuid4()), "thread_id": target_id}
            connection.execute(messages.insert().values(**copied))
        connection.execute(delete(messages).where(*moving))
        return len(chosen or ())

    replace(conversations, "move_messages", move_messages)


@defect(
    "DBL-07f",
    service="backend",
    summary="who comes too late to move a message copies it",
    scenario="Messages that are moved to two places at once are in one of them",
    step="every message is in one conversation",
)
def _() -> None:
    def move_messages(connection: Connection, source_id: str, target_id: str, chosen: Collection[str] | None) -> int:
        try:
            moved: int = original(connection, source_id, target_id, chosen)
        except Problem:
            for row in connection.execute(select(messages).where(messages.c.id.in_(chosen or ()))).all():
                copied = {**row._mapping, "id": str(uuid.uuid4()), "thread_id": target_id}
                connection.execute(messages.insert().values(**copied))
            driver: Any = connection.connection.driver_connection
            driver.commit()
            raise
        return moved

    original = replace(conversations, "move_messages", move_messages)


def _page_by(whose: Callable[[Identity], Any], look: Callable[[Database, Identity, Row[Any]], None]) -> None:
    """Have pages of conversations found by another condition, and something looked up for each of them."""

    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/threads")
        def page(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Threads:
            query = select(threads).where(whose(identity), *after(threads, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(threads.c.created_at.desc(), threads.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            for row in rows:
                look(database, identity, row)
            items = [Thread.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Threads(items=items, next_cursor=next_cursor(rows, limit))

    _instead(own)


@defect(
    "DBL-07g",
    service="backend",
    summary="whoever looks at their expenses sees those of their colleagues, too",
    scenario="Everything is counted that fifty people book at once",
    step="each person has spent exactly what they booked",
)
def _() -> None:
    def own(database: Database, router: APIRouter) -> None:
        @router.get("/v1/allowance/expenses")
        def booked(identity: Caller, cursor: str | None = None, limit: conversations.Limit = 50) -> Expenses:
            query = select(expenses).where(*after(expenses, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                ordered = query.order_by(expenses.c.created_at.desc(), expenses.c.id.desc()).limit(limit + 1)
                rows = list(connection.execute(ordered))
            items = [Expense.model_validate(row, from_attributes=True) for row in rows[:limit]]
            return Expenses(items=items, next_cursor=next_cursor(rows, limit))

    _instead(own, of=allowance)


@defect(
    "DBL-07h",
    service="backend",
    summary="whoever finds no room is told that somebody else was quicker",
    scenario="Two budgets that are raised at once stay within the allowance",
    step="one is raised and the other refused for want of room",
)
def _() -> None:
    replace(allowance, "allowance_exceeded", lambda detail: conflict("Somebody else is changing the budgets."))


@defect(
    "DBL-08a",
    service="backend",
    summary="whose a conversation is, is compared as text, which no index knows",
    scenario="Pages come quickly out of a large archive while others write",
    step="every page is found by an index",
)
def _() -> None:
    _page_by(lambda identity: threads.c.user_id.cast(Text) == identity.user_id, lambda *_: None)


@defect(
    "DBL-08b",
    service="backend",
    summary="for each conversation of a page its messages are counted, each time anew and without an index",
    scenario="Pages come quickly out of a large archive while others write",
    step="nearly all pages have come within the page of conversations budget",
)
def _() -> None:
    def count(database: Database, identity: Identity, row: Row[Any]) -> None:
        with acting_as(database, identity) as connection:
            same = messages.c.thread_id.cast(Text) == row.id
            connection.scalar(select(func.count()).select_from(messages).where(same))

    _page_by(lambda identity: threads.c.user_id == identity.user_id, count)


@defect(
    "DBL-08c",
    service="backend",
    summary="only the newest conversations are found, for quickness' sake",
    scenario="Pages come quickly out of a large archive while others write",
    step="each has been shown all of their own conversations, newest first",
)
def _() -> None:
    replace(conversations, "next_cursor", lambda rows, limit: None)


@defect(
    "DBL-08d",
    service="backend",
    summary="who writes while others read is sent away",
    scenario="Pages come quickly out of a large archive while others write",
    step="what the others wrote has been kept",
)
def _() -> None:
    reading: list[str] = []

    def after_reading(table: Table, cursor: str | None, *, newest_first: bool) -> Any:
        reading.append(table.name)
        return original(table, cursor, newest_first=newest_first)

    def new_message(*arguments: Any) -> Row[Any]:
        if reading and len(reading) % 3 == 0:
            raise unavailable()
        row: Row[Any] = writing(*arguments)
        return row

    original = replace(conversations, "after", after_reading)
    writing = replace(conversations, "new_message", new_message)
