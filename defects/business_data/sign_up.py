"""Seeded defects of accounts and invitations (DBL-01)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Connection, Row, false, select, text

from apex.auth import accounts
from apex.auth import app as auth_app
from apex.auth.models import PasswordGrant, RefreshGrant
from apex.http.identity import Identity
from apex.http.problems import Problem
from apex.storage.tables import invitations, tenants, users
from defects import Scenario
from defects._patching import around, replace

taken = Scenario("A taken email address is refused in any capitalisation", service="auth")
same_account = Scenario("A customer finds the same account on another device", service="auth")
any_spelling = Scenario("An international email address is one account in every spelling", service="auth")
spent = Scenario("An expired or already accepted invitation is refused", service="auth")
again = Scenario("A removed colleague can be invited again", service="auth")

_REFUSED = "the sign-up is refused because the invitation <is spent>"


_AGAIN = "Ben of Acme is a member again, with a new account"


@taken.defect(
    "DBL-01a",
    "an address in different capitalisation counts as another address",
    step="the sign-up is refused because the email address is taken",
)
def _() -> None:
    @around(accounts, "_insert_user")
    def insert_user(original: Any, connection: Connection, tenant_id: str, email: str, *others: Any) -> Any:
        taken = connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first()
        # The space stands for what a schema without its unique index would let in.
        return original(connection, tenant_id, f"{email} " if taken else email, *others)


@same_account.defect(
    "DBL-01b", "the name given at sign-up is not stored", step="Acme is logged in to the account from sign-up"
)
def _() -> None:
    @around(accounts, "_insert_user")
    def insert_user(original: Any, *arguments: Any) -> Any:
        *first, name, password_hash = arguments
        return original(*first, None, password_hash).model_copy(update={"display_name": name})


@same_account.defect("DBL-01c", "a sign-up stores its user twice", step="the database holds one account for Acme")
def _() -> None:
    @around(accounts, "_insert_user")
    def insert_user(original: Any, connection: Connection, tenant_id: str, email: str, *others: Any) -> Any:
        original(connection, tenant_id, f"{email} ", *others)
        return original(connection, tenant_id, email, *others)


@any_spelling.defect(
    "DBL-01h",
    "a log-in looks for an address as it is typed",
    step="Acme is logged in to the account from sign-up",
)
def _() -> None:
    class TypedGrant(PasswordGrant):
        email: str

    replace(auth_app, "Grant", Annotated[TypedGrant | RefreshGrant, Field(discriminator="grant_type")])


@taken.defect(
    "DBL-01d", "a refused sign-up still creates its organisation", step="the database holds no account for Borealis"
)
def _() -> None:
    @around(accounts.Accounts, "_create")
    def create(original: Any, self: accounts.Accounts, organisation: str, plan: str, *others: Any) -> Any:
        try:
            return original(self, organisation, plan, *others)
        except Problem:
            orphan = str(uuid.uuid4())
            with self._database.tenant(orphan) as connection:
                connection.execute(tenants.insert().values(id=orphan, name=organisation, plan=plan))
            raise


@spent.defect("DBL-01e", "an invitation never expires", step=_REFUSED)
def _() -> None:
    def take(connection: Connection, invitation_id: str) -> Row[Any]:
        return connection.execute(select(invitations).where(invitations.c.id == invitation_id)).one()

    replace(accounts, "_take", take)


@spent.defect("DBL-01f", "an accepted invitation is refused as a taken address", step=_REFUSED)
def _() -> None:
    @around(accounts, "_take")
    def take(original: Any, connection: Connection, invitation_id: str) -> Row[Any]:
        used = select(invitations).where(invitations.c.id == invitation_id, invitations.c.accepted_at.is_not(None))
        return connection.execute(used).first() or original(connection, invitation_id)


@spent.defect("DBL-01g", "a refused invitation still adds a member", step="Acme has no new member")
def _() -> None:
    @around(accounts, "_take")
    def take(original: Any, connection: Connection, invitation_id: str) -> Any:
        try:
            return original(connection, invitation_id)
        except Problem as problem:
            if problem.code == "invitation_expired":
                row = connection.execute(select(invitations).where(invitations.c.id == invitation_id)).one()
                accounts._insert_user(connection, row.tenant_id, row.email, row.role, None, "*")
                connection.commit()
            raise


@spent.defect("DBL-01l", "an invitation that was left over lets a removed member in again", step=_REFUSED)
def _() -> None:
    @around(accounts.Accounts, "remove")
    def remove(original: Any, *arguments: Any) -> None:
        removing.append(True)
        try:
            original(*arguments)
        finally:
            removing.pop()

    @around(accounts, "update")
    def changing(original: Any, table: Any) -> Any:
        return original(table).where(false()) if removing and table is invitations else original(table)

    removing: list[bool] = []


@again.defect("DBL-01i", "the address of a removed member is taken for ever", step=_AGAIN)
def _() -> None:
    @around(accounts, "_insert_user")
    def insert_user(original: Any, connection: Connection, tenant_id: str, email: str, *others: Any) -> Any:
        if connection.execute(select(users).where(users.c.email == email)).first() is not None:
            raise Problem(409, "conflict", "This e-mail address already has an account.")
        return original(connection, tenant_id, email, *others)


@again.defect("DBL-01j", "whoever is invited again is given the account of before", step=_AGAIN)
def _() -> None:
    @around(accounts, "_insert_user")
    def insert_user(original: Any, connection: Connection, tenant_id: str, email: str, *others: Any) -> Any:
        former = users.update().where(users.c.email == email).values(removed_at=None, password_hash=others[-1])
        row = connection.execute(former.returning(users)).first()
        return accounts._user(row) if row is not None else original(connection, tenant_id, email, *others)


@again.defect("DBL-01k", "removed members stay in the list of members", step=_AGAIN)
def _() -> None:
    def members(self: accounts.Accounts, identity: Identity) -> list[Any]:
        with self._database.tenant(identity.tenant_id) as connection:
            return [accounts._user(row) for row in connection.execute(select(users).order_by(users.c.created_at))]

    replace(accounts.Accounts, "members", members)
