"""Tenants and the people in them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select, text, update
from sqlalchemy.exc import IntegrityError

from apex.auth.models import Acceptance, Account, Invitation, Invite, SignUp, Tenant, User
from apex.auth.passwords import Passwords, fingerprint, new_secret
from apex.auth.sessions import Sessions
from apex.http.identity import OPERATOR, Identity, acting_as
from apex.http.problems import Problem, not_found
from apex.runtime.paths import id_in_path
from apex.settings import Settings
from apex.storage.database import Database
from apex.storage.runs import ENDED, cancel_run
from apex.storage.tables import invitations, runs, tenants, users
from apex.storage.tables import sessions as session_table

log = structlog.get_logger()

_MANAGE = "members:manage"


class Accounts:
    """Sign-up, invitations and members."""

    def __init__(self, database: Database, passwords: Passwords, settings: Settings) -> None:
        self._database, self._passwords, self._settings = database, passwords, settings

    def sign_up(self, request: SignUp) -> Account:
        """Create a tenant with its owner; 409 when the address is taken (in whatever case)."""
        return self._create(
            request.organisation,
            request.plan,
            request.email,
            request.password.get_secret_value(),
            "owner",
            request.display_name,
        )

    def ensure_operator(self) -> None:
        """Create the configured operator with the platform's own tenant, once."""
        auth = self._settings.auth
        if auth.operator_email is None or auth.operator_password is None:
            return
        with self._database.platform() as connection:
            known = connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": auth.operator_email}).first()
        if known is None:
            self._create(
                "Platform",
                "platform",
                auth.operator_email,
                auth.operator_password.get_secret_value(),
                OPERATOR,
                None,
            )
            log.info("operator created")

    def account_of(self, connection: Connection, user_id: str) -> Account:
        """The user and its tenant."""
        row = connection.execute(
            select(users, tenants.c.name, tenants.c.plan)
            .join(tenants, tenants.c.id == users.c.tenant_id)
            .where(users.c.id == user_id)
        ).one()
        return Account(tenant=Tenant(id=row.tenant_id, name=row.name, plan=row.plan), user=_user(row))

    def invite(self, identity: Identity, request: Invite) -> Invitation:
        """An invitation, with the token that is to be handed over."""
        token, token_hash = new_secret()
        row: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "email": request.email,
            "role": request.role,
            "expires_at": datetime.now(UTC) + timedelta(seconds=self._settings.auth.invitation_seconds),
        }
        with acting_as(self._database, identity, _MANAGE) as connection:
            connection.execute(invitations.insert().values(**row, tenant_id=identity.tenant_id, token_hash=token_hash))
        return Invitation(**row, token=token)

    def accept(self, request: Acceptance) -> User:
        """Make the invited person a member; 404 for an unknown invitation, 410 for a used or expired one."""
        with self._database.platform() as connection:
            found = connection.execute(
                text("SELECT invitation_id, tenant_id FROM invitation_of(:token)"),
                {"token": fingerprint(request.token.get_secret_value())},
            ).first()
        if found is None:
            raise not_found()
        tenant_id = str(found.tenant_id)
        password_hash = self._passwords.hash(request.password.get_secret_value())
        with self._database.tenant(tenant_id) as connection:
            row = _take(connection, str(found.invitation_id))
            return _insert_user(connection, tenant_id, row.email, row.role, request.display_name, password_hash)

    def change_plan(self, identity: Identity, plan: str) -> Tenant:
        """Change the tenant's plan. Runs that have begun go on under the plan with which they were started."""
        own = tenants.c.id == identity.tenant_id
        with acting_as(self._database, identity, "plan:change") as connection:
            row = connection.execute(update(tenants).where(own).values(plan=plan).returning(tenants)).one()
        log.info("plan changed", plan=plan)
        return Tenant(id=str(row.id), name=row.name, plan=row.plan)

    def members(self, identity: Identity) -> list[User]:
        """Everybody in the tenant, oldest first."""
        with acting_as(self._database, identity) as connection:
            rows = connection.execute(select(users).where(users.c.removed_at.is_(None)).order_by(users.c.created_at))
            return [_user(row) for row in rows]

    def remove(self, identity: Identity, user_id: str, sessions: Sessions) -> None:
        """Remove a member, whose sessions and runs end and whose address is free again; the owner cannot be removed.

        Invited again, the address gets an account of its own: it may belong to somebody else by then.
        """
        with acting_as(self._database, identity, _MANAGE) as connection:
            row = connection.execute(
                select(users).where(users.c.id == id_in_path(user_id), users.c.removed_at.is_(None)).with_for_update()
            ).first()
            if row is None:
                raise not_found()
            if row.role == "owner":
                raise Problem(409, "conflict", "The owner cannot be removed.")
            connection.execute(update(users).where(users.c.id == row.id).values(removed_at=datetime.now(UTC)))
            alive = connection.scalars(
                select(session_table.c.id).where(session_table.c.user_id == row.id, session_table.c.ended_at.is_(None))
            )
            sessions.end(connection, [str(session) for session in alive], "removed")
            # Sessions first: a run that is being started looks at its session last.
            for run in connection.execute(
                select(runs).where(runs.c.user_id == row.id, runs.c.status.not_in(ENDED)).with_for_update()
            ).all():
                cancel_run(connection, run, identity.user_id)
            # What they still have of an invitation would let them in again.
            left_over = (func.lower(invitations.c.email) == func.lower(row.email)) & invitations.c.accepted_at.is_(None)
            connection.execute(update(invitations).where(left_over).values(expires_at=datetime.now(UTC)))

    def _create(
        self, organisation: str, plan: str, email: str, password: str, role: str, display_name: str | None
    ) -> Account:
        tenant_id = str(uuid.uuid4())
        password_hash = self._passwords.hash(password)
        with self._database.tenant(tenant_id) as connection:
            connection.execute(tenants.insert().values(id=tenant_id, name=organisation, plan=plan))
            user = _insert_user(connection, tenant_id, email, role, display_name, password_hash)
        return Account(tenant=Tenant(id=tenant_id, name=organisation, plan=plan), user=user)


def _take(connection: Connection, invitation_id: str) -> Row[Any]:
    """The invitation, from now on accepted."""
    this = invitations.c.id == invitation_id
    row = connection.execute(select(invitations).where(this).with_for_update()).one()
    moment = datetime.now(UTC)
    if row.accepted_at is not None:
        raise Problem(410, "invitation_used", "This invitation has been accepted already.")
    if row.expires_at <= moment:
        raise Problem(410, "invitation_expired", "This invitation has expired; please ask for another.")
    connection.execute(update(invitations).where(this).values(accepted_at=moment))
    return row


def _insert_user(
    connection: Connection,
    tenant_id: str,
    email: str,
    role: str,
    display_name: str | None,
    password_hash: str,
) -> User:
    try:
        row = connection.execute(
            users.insert()
            .values(
                id=str(uuid.uuid4()),
                tenant_id=tenant_id,
                email=email,
                role=role,
                display_name=display_name,
                password_hash=password_hash,
            )
            .returning(users)
        ).one()
    except IntegrityError:
        raise Problem(409, "conflict", "This e-mail address already has an account.") from None
    return _user(row)


def _user(row: Row[Any]) -> User:
    return User(id=str(row.id), email=row.email, display_name=row.display_name, role=row.role)
