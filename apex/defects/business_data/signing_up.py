"""Seeded defects of signing up (DBL-01)."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, text

from apex.auth import accounts
from apex.auth.models import User
from apex.defects import defect
from apex.defects._patching import replace
from apex.problems import Problem
from apex.tables import tenants


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
