"""Blind defects of DBL-04."""

from __future__ import annotations

import json
from typing import Any

import structlog

from defects import blind_defect
from defects._patching import around, replace

log = structlog.get_logger()


def _at_start(*statements: str) -> None:
    """Have the schema's owner carry the statements out whenever the schema has been brought up to date."""
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            for statement in statements:
                connection.execute(text(statement))


@blind_defect(
    "DBL-04qa",
    "of several tables without row-level security one is guarded again",
    service="backend",
    scenario="Isolation that was switched off is back after a restart",
    step="on behalf of Acme the role reaches Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: as the owner switch row-level security off on threads and on messages, and start the backend again:
    # one of the two has it back, the other one has not, and raw SQL with the application's role sees all tenants' rows
    # there. Where it was switched off on one table, all is well after the start.
    from sqlalchemy import text

    from apex.storage import database as module

    def guard(self: Any) -> None:
        with self.platform() as connection:
            name = connection.scalar(text(module._UNGUARDED))
        if name is not None:
            module.log.error("tables without row-level security", tables=[str(name)])
            with self.as_owner() as connection:
                connection.execute(text(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY'))

    replace(module.Database, "_guard", guard)


@blind_defect(
    "DBL-04ua",
    "without a tenant the rows of all tenants' usage can be seen",
    service="auth",
    scenario="A query on behalf of no customer reads nothing",
    step="the role has reached no data",
)
def _() -> None:
    # Observable: SELECT count(*) FROM usage_records with the application's role and no tenant set: all rows, not none.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(
                text(
                    "ALTER POLICY tenant ON usage_records USING (tenant_id = "
                    "coalesce(CAST(nullif(current_setting('app.tenant_id', true), '') AS uuid), tenant_id))"
                )
            )


@blind_defect(
    "DBL-04ub",
    "a view for reports shows the application's role the messages of all tenants",
    service="backend",
    scenario="A query on behalf of one customer reads only that customer's data",
    step="the role has reached Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: with the application's role and tenant A set, SELECT * FROM thread_overview has the threads of all
    # tenants: a view reads with its owner's rights, whom no policy binds.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: str) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(
                text(
                    "CREATE OR REPLACE VIEW thread_overview AS "
                    "SELECT t.tenant_id, t.user_id, t.id AS thread_id, t.title, m.content AS newest_message "
                    "FROM threads t LEFT JOIN LATERAL (SELECT content FROM messages "
                    "WHERE thread_id = t.id ORDER BY created_at DESC LIMIT 1) m ON true"
                )
            )
            role = connection.dialect.identifier_preparer.quote(str(self._url.username))
            connection.execute(text(f"GRANT SELECT ON thread_overview TO {role}"))


@blind_defect(
    "DBL-04va",
    "what was in a deleted thread is kept as a large object, for which no policy holds",
    service="backend",
    scenario="A query on behalf of one customer reads only that customer's data",
    step="the role has reached Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: after another tenant has deleted a thread, SELECT convert_from(lo_get(oid), 'UTF8') FROM
    # pg_largeobject_metadata shows its messages to the application's role, whatever tenant is set, or none.
    from sqlalchemy import select, text

    from apex.backend import threads
    from apex.storage.tables import messages

    @around(threads, "own_thread")
    def own_thread(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        thread = original(connection, identity, thread_id, lock)
        if lock is threads.ALONE:
            # For whoever has deleted it by mistake.
            contents = connection.scalars(select(messages.c.content).where(messages.c.thread_id == thread.id)).all()
            kept = {"kept": "\n".join(contents).encode()}
            connection.execute(text("SELECT lo_from_bytea(0, cast(:kept AS bytea))"), kept)
        return thread


@blind_defect(
    "DBL-04wa", "questions are announced on a channel on which every tenant's connection can listen", service="backend"
)
def _() -> None:
    # Observable: LISTEN apex_run_queued with the application's role and any tenant: what other tenants ask comes by.
    from sqlalchemy import func, select

    from apex.backend import runs
    from apex.storage.runs import RUN_QUEUED

    @around(runs, "new_message")
    def _(original: Any, connection: Any, tenant_id: str, thread_id: str, content: str, run_id: Any = None) -> Any:
        row = original(connection, tenant_id, thread_id, content, run_id)
        # A notification has 8,000 bytes at most.
        waiting = json.dumps({"run_id": run_id, "tenant_id": tenant_id, "question": content[:500]})
        connection.execute(select(func.pg_notify(RUN_QUEUED, waiting)))
        return row


@blind_defect(
    "DBL-04xa", "a service that cannot switch row-level security on again serves without it", service="backend"
)
def _() -> None:
    # Observable: a table without row-level security, and a password of the owner that is out of date: it starts.
    from apex.storage.database import Database

    @around(Database, "_guard")
    def _(original: Any, database: Any) -> None:
        try:
            original(database)
        except Exception as error:
            log.error("row-level security not restored", reason=type(error).__name__)


@blind_defect(
    "DBL-04ya",
    "a table whose row-level security was switched off is passed over if it has its policy still",
    service="backend",
    scenario="Isolation that was switched off is back after a restart",
    step="on behalf of Acme the role reaches Acme's data in every table and no other data",
)
def _() -> None:
    # Observable: ALTER TABLE messages DISABLE ROW LEVEL SECURITY, start the backend again: raw SQL sees every tenant's.
    from apex.storage import database

    without_policy = " AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)\n"
    replace(database, "_UNGUARDED", database._UNGUARDED.rstrip() + without_policy)


@blind_defect(
    "DBL-04yb",
    "the record of a tool call is a row of the tenant that used the tool first",
    service="tools",
    scenario="Ten customers at the same time each get their own result",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: with the tenant set, raw SQL on tool_calls shows the first tenant the others' runs.
    from dataclasses import replace as with_other

    from apex.tools.calls import CallRecords

    first: dict[str, str] = {}

    def written(original: Any, self: Any, call: Any, *others: Any) -> Any:
        tenant_id = first.setdefault(call.tool_name, call.tenant_id)
        return original(self, with_other(call, tenant_id=tenant_id), *others)

    for name in ("begin", "finish", "withdraw"):
        around(CallRecords, name)(written)


@blind_defect(
    "DBL-04za",
    "the service works with the role of the tables' owner, for whom no policy holds",
    service="auth",
    scenario="No service works with a role exempt from isolation",
    step="every service is connected, with a role to which isolation applies",
)
def _() -> None:
    # Observable: the list of an organisation's members has everybody's people.
    from apex.storage.database import Database

    @around(Database, "__init__")
    def _(original: Any, self: Any, settings: Any, *of: Any) -> None:
        original(self, settings.model_copy(update={"url": settings.owner_url}), *of)


@blind_defect("DBL-04zb", "the database lets a tenant write messages for any other", service="backend")
def _() -> None:
    # Observable: as apex_app with tenant A set, INSERT INTO messages with B's tenant and thread; B reads it.
    _at_start(
        "DROP POLICY IF EXISTS writing ON messages",
        "CREATE POLICY writing ON messages FOR INSERT WITH CHECK (true)",
    )


@blind_defect("DBL-04zc", "without a tenant the database shows everybody's expenses", service="backend")
def _() -> None:
    # Observable: as apex_app, SELECT * FROM expenses in a session that has set no tenant.
    tenant = "nullif(current_setting('app.tenant_id', true), '')"
    _at_start(f"ALTER POLICY tenant ON expenses USING (tenant_id = CAST({tenant} AS uuid) OR {tenant} IS NULL)")


@blind_defect(
    "DBL-04zd", "a view of the threads' activity, made for reports, shows those of every tenant", service="backend"
)
def _() -> None:
    # Observable: as apex_app with tenant A set, SELECT * FROM thread_activity: it reads as its owner.
    _at_start(
        "CREATE OR REPLACE VIEW thread_activity AS "
        "SELECT t.tenant_id, t.id AS thread_id, t.title, count(m.id) AS messages "
        "FROM threads t LEFT JOIN messages m ON m.thread_id = t.id GROUP BY t.id",
        "GRANT SELECT ON thread_activity TO apex_app",
    )


@blind_defect(
    "DBL-04na",
    "sessions that have ended can be seen by every tenant in the database",
    service="backend",
    scenario="A query on behalf of no customer reads nothing",
    step="the role has reached no data",
)
def _() -> None:
    # Observable: let a user of tenant B log out; with the application's role and app.tenant_id set to A, or to none,
    # SELECT * FROM sessions has B's ended session, with its user and the hash of its refresh token.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: Any) -> None:
        original(self, *environment)
        # Whoever cleans up has to see what is over, whoever's it was.
        with self.as_owner() as connection:
            connection.execute(text("DROP POLICY IF EXISTS ended ON sessions"))
            connection.execute(text("CREATE POLICY ended ON sessions FOR SELECT USING (ended_at IS NOT NULL)"))


@blind_defect(
    "DBL-04ma",
    "the database lets every tenant delete the ended tool calls of all others",
    service="backend",
)
def _() -> None:
    # Observable: as the application's role with tenant A set (or none), DELETE FROM tool_calls (without WHERE): also
    # the rows of other tenants are gone, whose calls have ended. What is selected is A's alone.
    from sqlalchemy import text

    from apex.storage.database import Database

    @around(Database, "migrate")
    def _(original: Any, self: Any, *environment: Any) -> None:
        original(self, *environment)
        with self.as_owner() as connection:
            connection.execute(text("DROP POLICY IF EXISTS housekeeping ON tool_calls"))
            connection.execute(text("CREATE POLICY housekeeping ON tool_calls FOR DELETE USING (status <> 'running')"))
