"""Blind defects of DBP-04."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect(
    "DBP-04ua",
    "each end of a session leaves a temporary table in the connection it was made with",
    service="auth",
    scenario="Sessions release everything, however they end",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: with every log-out (and removal) the database has one temporary table more, which stays for as long
    # as the pooled connection does: the base line is not reached again.
    import uuid

    from sqlalchemy import text

    from apex.auth.sessions import Sessions

    @around(Sessions, "end")
    def _(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        name = f"ended_{uuid.uuid4().hex}"
        # Meant to go with the transaction; that has to be said (ON COMMIT DROP).
        connection.execute(text(f"CREATE TEMPORARY TABLE {name} (id uuid)"))
        ids = [uuid.UUID(session_id) for session_id in session_ids]
        connection.execute(text(f"INSERT INTO {name} SELECT id FROM sessions WHERE id = ANY (:ids)"), {"ids": ids})
        original(self, connection, session_ids, reason)


@blind_defect(
    "DBP-04ub",
    "a session that is ended while its socket is open costs a connection",
    service="backend",
    scenario="Sessions release everything, however they end",
    step="no service holds more resources than before",
)
def _() -> None:
    # Observable: after each log-out (or removal) of somebody with an open socket apex_database_pool_in_use is one
    # higher and stays so; clients that go by themselves cost nothing. When all are gone, the backend answers 503.
    import threading
    from contextlib import suppress

    from sqlalchemy.exc import SQLAlchemyError

    from apex.backend import sockets

    @around(sockets, "routes")
    def _(original: Any, database: Any, hub: Any, *others: Any) -> Any:
        lines: dict[str, Any] = {}
        end_session = hub.end_session

        def look(session_id: str) -> None:
            with suppress(SQLAlchemyError):
                lines[session_id] = database.engine.connect()

        def end(session_id: str, reason: str) -> None:
            # To note how it ended once its sockets are closed; whoever closes them does not come by here any more.
            if session_id in hub.sessions() and session_id not in lines:
                threading.Thread(target=look, args=[session_id], daemon=True).start()
            end_session(session_id, reason)

        hub.end_session = end
        return original(database, hub, *others)
