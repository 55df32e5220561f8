"""Sessions: log-in, refresh with rotation, end."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select, text, update

from apex.auth.models import Token
from apex.auth.passwords import Passwords, fingerprint, new_secret
from apex.http.identity import access_token
from apex.http.problems import unauthenticated
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.tables import sessions, spent_refresh_tokens, tenants, users

log = structlog.get_logger()

SESSION_ENDED = "apex_session_ended"
"""PostgreSQL channel; payload ``<session id> <reason>``."""
_WRONG = "E-mail address or password is wrong."


class Sessions:
    """A session holds one refresh token at a time and any number of short-lived access tokens."""

    def __init__(self, database: Database, passwords: Passwords, settings: Settings) -> None:
        self._database, self._passwords, self._settings = database, passwords, settings

    def verify(self, email: str, password: str) -> Row[Any]:
        """The account (its user, tenant, role and plan); 401, after the same time, for a wrong password and an unknown
        address.
        """
        with self._database.platform() as connection:
            login = connection.execute(text("SELECT * FROM login_of(:email)"), {"email": email}).first()
        if not self._passwords.matches(password, login.password_hash if login else None) or login is None:
            raise unauthenticated(_WRONG)
        return login

    def open(self, login: Row[Any], seconds: int | None) -> Token:
        """A new session of an account, whose access token lives for so long at most."""
        session_id = str(uuid.uuid4())
        refresh, refresh_hash = new_secret()
        with self._database.tenant(str(login.tenant_id)) as connection:
            # Hashing takes its time: whoever was removed meanwhile gets no session.
            member = select(users.c.id).where(users.c.id == str(login.user_id), users.c.removed_at.is_(None))
            if connection.execute(member.with_for_update(read=True)).first() is None:
                raise unauthenticated(_WRONG)
            connection.execute(
                sessions.insert().values(
                    id=session_id,
                    tenant_id=str(login.tenant_id),
                    user_id=str(login.user_id),
                    refresh_hash=refresh_hash,
                    expires_at=self._refresh_expiry(),
                )
            )
        return self._token(
            session_id, str(login.tenant_id), str(login.user_id), login.role, login.plan, refresh, seconds
        )

    def tenant_of(self, refresh_token: str) -> tuple[str, str] | None:
        """Id and plan of the tenant whose session a refresh token would renew."""
        with self._database.platform() as connection:
            found = connection.execute(
                text("SELECT tenant_id FROM session_of(:old)"), {"old": fingerprint(refresh_token)}
            )
            tenant_id = found.scalar()
        if tenant_id is None:
            return None
        with self._database.tenant(str(tenant_id)) as connection:
            return str(tenant_id), connection.scalars(select(tenants.c.plan)).one()

    def refresh(self, refresh_token: str) -> Token:
        """New access and refresh tokens of the same session; the old refresh token is of no use any more.

        Showing one again means that two hold it: nobody can tell which is the thief, so the session ends.
        """
        old = fingerprint(refresh_token)
        with self._database.platform() as connection:
            found = connection.execute(text("SELECT tenant_id FROM session_of(:old)"), {"old": old}).first()
        if found is None:
            self._end_if_spent(old)
            raise unauthenticated("This refresh token is not valid; please log in again.")
        refresh, refresh_hash = new_secret()
        with self._database.tenant(str(found.tenant_id)) as connection:
            session = connection.execute(
                update(sessions)
                .where(
                    sessions.c.refresh_hash == old,
                    sessions.c.ended_at.is_(None),
                    sessions.c.expires_at > datetime.now(UTC),
                )
                .values(refresh_hash=refresh_hash, expires_at=self._refresh_expiry())
                .returning(sessions.c.id, sessions.c.user_id, sessions.c.tenant_id)
            ).first()
            if session is None:
                raise unauthenticated("This refresh token is not valid; please log in again.")
            connection.execute(
                spent_refresh_tokens.insert().values(
                    id=str(uuid.uuid4()), tenant_id=session.tenant_id, refresh_hash=old, session_id=session.id
                )
            )
            user = connection.execute(
                select(users.c.role, tenants.c.plan)
                .join(tenants, tenants.c.id == users.c.tenant_id)
                .where(users.c.id == session.user_id)
            ).one()
        return self._token(
            str(session.id), str(session.tenant_id), str(session.user_id), user.role, user.plan, refresh, None
        )

    def end(self, connection: Connection, session_ids: list[str], reason: str) -> None:
        """End sessions within the caller's transaction; who holds their sockets is told on commit."""
        connection.execute(
            update(sessions).where(sessions.c.id.in_(session_ids)).values(ended_at=datetime.now(UTC), end_reason=reason)
        )
        for session_id in session_ids:
            connection.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))
        log.info("sessions ended", count=len(session_ids), reason=reason)

    def _end_if_spent(self, refresh_hash: str) -> None:
        with self._database.platform() as connection:
            spent = connection.execute(text("SELECT * FROM spent_session_of(:old)"), {"old": refresh_hash}).first()
        if spent is not None:
            with self._database.tenant(str(spent.tenant_id)) as connection:
                self.end(connection, [str(spent.session_id)], "refresh_token_reused")

    def _refresh_expiry(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._settings.auth.refresh_token_seconds)

    def _token(
        self,
        session_id: str,
        tenant_id: str,
        user_id: str,
        role: str,
        plan: str,
        refresh: str,
        wanted: int | None,
    ) -> Token:
        seconds = min(wanted or self._settings.auth.access_token_seconds, self._settings.auth.access_token_seconds)
        claims = {
            "sub": user_id,
            "tid": tenant_id,
            "sid": session_id,
            "role": role,
            "plan": plan,
            "jti": str(uuid.uuid4()),
        }
        return Token(
            access_token=access_token(self._settings, claims, seconds),
            expires_in=seconds,
            refresh_token=refresh,
        )
