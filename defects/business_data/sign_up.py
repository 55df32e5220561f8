"""Seeded defects of signing up (DBL-01)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, select, text

from apex.auth import accounts
from apex.auth.models import User
from apex.http.problems import Problem
from apex.storage.tables import invitations, tenants
from defects import Scenario
from defects._patching import replace

address_taken_cannot = Scenario("An address that is taken cannot be taken again in other letters", service="auth")


@address_taken_cannot.defect(
    "DBL-01a",
    "an address in other letters counts as another address",
    step="the sign-up is refused because the address is taken",
)
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        taken = connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first()
        # The space stands for what a schema without its unique index would let in.
        user: User = original(connection, tenant_id, f"{email} " if taken else email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


customer_signed_up = Scenario("A customer who signed up is found again from elsewhere", service="auth")


@customer_signed_up.defect(
    "DBL-01b",
    "the name that a customer gave at sign-up is not kept",
    step="Acme is known there as the customer who signed up",
)
def _() -> None:
    def insert_user(
        connection: Connection, tenant_id: str, email: str, role: str, name: str | None, password_hash: str
    ) -> User:
        user: User = original(connection, tenant_id, email, role, None, password_hash)
        return user.model_copy(update={"display_name": name})

    original = replace(accounts, "_insert_user", insert_user)


@customer_signed_up.defect("DBL-01c", "a sign-up writes its user twice", step="the records hold Acme once")
def _() -> None:
    def insert_user(connection: Connection, tenant_id: str, email: str, *others: Any) -> User:
        original(connection, tenant_id, f"{email} ", *others)
        user: User = original(connection, tenant_id, email, *others)
        return user

    original = replace(accounts, "_insert_user", insert_user)


@address_taken_cannot.defect(
    "DBL-01d", "a refused sign-up leaves its organisation behind", step="the records hold nothing of Borealis"
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


_TOLD = "Ben of Acme is told that the invitation <is spent>"


spent_invitation = Scenario("An invitation makes one member, and only in time", service="auth")


def _invited(id: str, summary: str, step: str) -> Callable[[Callable[[], None]], None]:
    return spent_invitation.defect(id, summary, step=step)


@_invited(
    "DBL-01e",
    "an invitation is good for ever",
    _TOLD,
)
def _() -> None:
    def take(connection: Connection, invitation_id: str) -> Row[Any]:
        return connection.execute(select(invitations).where(invitations.c.id == invitation_id)).one()

    replace(accounts, "_take", take)


@_invited(
    "DBL-01f",
    "an invitation that was accepted already is told to be an address that is taken",
    _TOLD,
)
def _() -> None:
    def take(connection: Connection, invitation_id: str) -> Row[Any]:
        used = select(invitations).where(invitations.c.id == invitation_id, invitations.c.accepted_at.is_not(None))
        row: Row[Any] = connection.execute(used).first() or original(connection, invitation_id)
        return row

    original = replace(accounts, "_take", take)


@_invited("DBL-01g", "who is turned away has joined all the same", "nobody has joined Acme by it")
def _() -> None:
    def take(connection: Connection, invitation_id: str) -> Row[Any]:
        try:
            row: Row[Any] = original(connection, invitation_id)
            return row
        except Problem as problem:
            if problem.code == "invitation_expired":
                row = connection.execute(select(invitations).where(invitations.c.id == invitation_id)).one()
                accounts._insert_user(connection, row.tenant_id, row.email, row.role, None, "*")
                connection.commit()
            raise

    original = replace(accounts, "_take", take)
