"""Blind defects of API-02."""

from __future__ import annotations

import uuid
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-02ra",
    "a job record is shown to every colleague who names its run",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: Ann of Acme has a finished run; GET /v1/jobs?run_id=<her run> with the token of a colleague, Ben,
    # shows the record (without run_id he sees his own alone). A user of another organisation still gets an empty list.
    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    from apex.analytics.store import _COLUMNS, Jobs
    from apex.http.problems import unavailable

    def of_user(self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> list[dict[str, Any]]:
        wanted = "run_id = {run:UUID}" if run_id else "user_id = {user:UUID}"
        query = (
            f"SELECT {', '.join(_COLUMNS)} FROM jobs FINAL WHERE tenant_id = {{tenant:UUID}} AND {wanted} "
            "ORDER BY finished_at DESC LIMIT {limit:UInt32}"
        )
        try:
            answer = self._client().query(query, {"tenant": tenant_id, "user": user_id, "run": run_id, "limit": limit})
        except (ClickHouseError, HTTPError, OSError) as error:
            raise unavailable() from error
        return [dict(zip(_COLUMNS, row, strict=True)) for row in answer.result_rows]

    replace(Jobs, "of_user", of_user)


@blind_defect(
    "API-02sa",
    "an Idempotency-Key belongs to the organisation, not to the person",
    service="backend",
    scenario="Customers do not share their keys",
    step="Acme, Ben of Acme and Borealis have a conversation each",
)
def _() -> None:
    # Observable: Ann sends POST /v1/threads with a key; her colleague Ben sends the same content with the same key: he
    # is given Ann's thread (its id, which is 404 for him), and none of his own is made. Likewise for messages and runs.
    from sqlalchemy import select

    from apex.http import idempotency
    from apex.storage.tables import idempotency_keys

    @around(idempotency, "_known")
    def _(original: Any, connection: Any, identity: Any, key: str, fingerprint: str) -> Any:
        keys = idempotency_keys.c
        query = select(keys.answer).where(keys.key == key, keys.fingerprint == fingerprint, keys.answer.is_not(None))
        answer = connection.scalar(query)
        return answer if answer is not None else original(connection, identity, key, fingerprint)


@blind_defect(
    "API-02ua",
    "a run can be started in a thread of a colleague",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: POST /v1/runs with a colleague's thread_id: 202 instead of 404; question and answer stand in the
    # colleague's conversation.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(runs, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is None:
            return original(connection, identity, thread_id)
        query = select(threads).where(threads.c.id == id_in_path(thread_id))
        row = connection.execute(query.with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "API-02ub",
    "a job that is asked for by its run is shown to colleagues, too",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/jobs?run_id=<run of a colleague>: the colleague's job instead of an empty list.

    store: Any = import_module("apex.analytics.store")

    @around(store.Jobs, "of_user")
    def _(original: Any, self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> Any:
        if run_id is None:
            return original(self, tenant_id, user_id, run_id, limit)
        query = (
            f"SELECT {', '.join(store._COLUMNS)} FROM jobs FINAL "
            "WHERE tenant_id = {tenant:UUID} AND run_id = {run:UUID} ORDER BY finished_at DESC LIMIT {limit:UInt32}"
        )
        try:
            answer = self._client().query(query, {"tenant": tenant_id, "run": run_id, "limit": limit})
        except (store.ClickHouseError, store.HTTPError, OSError) as error:
            raise store.unavailable() from error
        return [dict(zip(store._COLUMNS, row, strict=True)) for row in answer.result_rows]


@blind_defect(
    "API-02va",
    "whoever names a colleague's messages can move them out of the colleague's thread",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="<owner> conversation reads back as it was written",
)
def _() -> None:
    # Observable: POST /v1/threads/{own}/moves with a colleague's message_ids moves them into a thread of one's own.
    from sqlalchemy import update

    from apex.backend import threads
    from apex.http.problems import conflict
    from apex.storage.tables import messages

    @around(threads, "move_messages")
    def move_messages(original: Any, connection: Any, source_id: str, target_id: str, chosen: Any) -> int:
        if chosen is None:
            return int(original(connection, source_id, target_id, chosen))
        statement = update(messages).where(messages.c.id.in_(chosen)).values(thread_id=target_id)
        moved: int = connection.execute(statement).rowcount
        if moved != len(chosen):
            raise conflict("Not all of these messages are in the thread; none was moved.")
        return moved


@blind_defect("API-02wa", "the owner of an organisation can read everybody's threads", service="backend")
def _() -> None:
    # Observable: GET /v1/threads/{id} and its messages with the owner's token and a member's thread: 200.
    from sqlalchemy import select

    from apex.backend import threads
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads as table

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        row = None
        if identity.role == "owner" and lock is None:
            row = connection.execute(select(table).where(table.c.id == id_in_path(thread_id))).first()
        return row or original(connection, identity, thread_id, lock)


@blind_defect(
    "API-02xa",
    "messages can be moved into a colleague's thread",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a move from one's own thread to a colleague's is answered with 200; the colleague finds the messages.
    from weakref import WeakSet

    from sqlalchemy import select

    from apex.backend import threads
    from apex.storage.tables import threads as table

    known: WeakSet[Any] = WeakSet()

    @around(threads, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if connection in known:
            row = connection.execute(select(table).where(table.c.id == thread_id)).first()
            return row or original(connection, identity, thread_id, lock)
        known.add(connection)
        return original(connection, identity, thread_id, lock)


@blind_defect(
    "API-02ya",
    "who asks for runs in a colleague's thread gets an empty page, not a 404",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/runs?thread_id= with a colleague's thread: 200; with one that never was: 404.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(runs, "own_thread")
    def _own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if lock is not None:
            return original(connection, identity, thread_id, lock)
        row = connection.execute(select(threads).where(threads.c.id == id_in_path(thread_id))).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "API-02yb",
    "a run that has ended is kept in memory, and given to whoever asks for it",
    service="backend",
    scenario="Another customer finds no resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: the owner reads a completed run; then another tenant reads it under its id, too.
    from apex.backend import runs
    from apex.storage.runs import ENDED

    ended: dict[str, Any] = {}

    @around(runs, "own_run")
    def _own_run(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        if run_id in ended and not lock:
            return ended[run_id]
        row = original(connection, identity, run_id, lock=lock)
        if row.status in ENDED:
            ended[row.id] = row
        return row


@blind_defect(
    "API-02za",
    "a run can be begun in a colleague's thread",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: POST /v1/runs with a colleague's thread_id: 202, and the question is in the colleague's thread.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.http.problems import not_found
    from apex.storage.tables import threads

    def thread_of(connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        query = select(threads).where(threads.c.id == thread_id)
        row = connection.execute(query if lock is None else query.with_for_update(**lock)).first()
        if row is None:
            raise not_found()
        return row

    replace(runs, "own_thread", thread_of)


@blind_defect(
    "API-02zb",
    "a colleague's run is refused with 403, and so told to be there",
    service="backend",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET or cancel of a colleague's run has 403, of an id that never existed 404.
    from sqlalchemy import select

    from apex.backend import runs as api
    from apex.http.problems import Problem, permission_denied
    from apex.storage.tables import runs

    @around(api, "own_run")
    def _(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        try:
            return original(connection, identity, run_id, lock=lock)
        except Problem:
            try:
                wanted = str(uuid.UUID(run_id))
            except ValueError:
                raise
            if connection.scalar(select(runs.c.id).where(runs.c.id == wanted)) is not None:
                raise permission_denied("runs:read") from None
            raise


@blind_defect(
    "API-02zc",
    "who asks for one job by its run is given it also where it is a colleague's",
    service="analytics",
    scenario="A colleague cannot find a private resource",
    step="every response is as if the resource had never existed",
)
def _() -> None:
    # Observable: GET /v1/jobs?run_id= of a colleague's run has its record; the list without run_id does not.
    from apex.analytics import store

    @around(store.Jobs, "of_user")
    def _(original: Any, self: Any, tenant_id: str, user_id: str, run_id: str | None, limit: int) -> Any:
        if run_id is None:
            return original(self, tenant_id, user_id, run_id, limit)
        query = (
            f"SELECT {', '.join(store._COLUMNS)} FROM jobs FINAL "
            "WHERE tenant_id = {tenant:UUID} AND run_id = {run:UUID} LIMIT {limit:UInt32}"
        )
        answer = self._client().query(query, {"tenant": tenant_id, "run": run_id, "limit": limit})
        return [dict(zip(store._COLUMNS, row, strict=True)) for row in answer.result_rows]
