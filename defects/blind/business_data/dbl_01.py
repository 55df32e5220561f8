"""Blind defects of DBL-01."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace
from defects._transactions import final_so_far


@blind_defect(
    "DBL-01qa",
    "a new password is kept without the blanks at its ends, a typed one is not",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with the email address and password of the sign-up",
)
def _() -> None:
    # Observable: sign up with the password " correct horse battery " and log in with it, from wherever: 401. Without
    # the blanks, which is another password, it is let in. Passwords without blanks at their ends are not affected.
    from apex.auth.accounts import Accounts

    @around(Accounts, "_create")
    def _create(
        original: Callable[..., Any],
        self: Any,
        organisation: str,
        plan: str,
        email: str,
        password: str,
        role: str,
        display_name: str | None,
    ) -> Any:
        return original(self, organisation, plan, email, password.strip(), role, display_name)


@blind_defect(
    "DBL-01sa",
    "somebody who was removed from an organisation cannot be taken into it again",
    service="auth",
    scenario="A removed colleague can be invited again",
    step="Ben of Acme is a member again, with a new account",
)
def _() -> None:
    # Observable: remove a member, invite the same address again (201) and accept: 409 "already has an account", though
    # nobody can log in under that address. In another organisation it is accepted.
    from sqlalchemy import func, select

    from apex.http.problems import conflict
    from apex.storage.tables import users

    accounts: Any = import_module("apex.auth.accounts")

    @around(accounts, "_insert_user")
    def _(original: Any, connection: Any, tenant_id: str, email: str, *given: Any) -> Any:
        # Before anything is written, and so without an error of the database.
        known = select(users.c.id).where(func.lower(users.c.email) == email.lower())
        if connection.scalar(known) is not None:
            raise conflict("This e-mail address already has an account.")
        return original(connection, tenant_id, email, *given)


@blind_defect(
    "DBL-01ua",
    "a refused second sign-up leaves an organisation without anybody in it",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the database holds no account for Borealis",
)
def _() -> None:
    # Observable: sign up again with a known address: 409, and yet there is one more row in tenants.
    from apex.auth import accounts

    @around(accounts, "_insert_user")
    def _(original: Any, connection: Any, tenant_id: str, email: str, role: str, *others: Any) -> Any:
        if role == "owner":
            final_so_far(connection, tenant_id)
        return original(connection, tenant_id, email, role, *others)


@blind_defect(
    "DBL-01ub",
    "a password is trimmed when it is set and not when it is typed",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with the email address and password of the sign-up",
)
def _() -> None:
    # Observable: sign up (or accept an invitation) with a password that begins or ends with a space: 201, and no
    # log-in with it ever succeeds.
    from apex.auth.passwords import Passwords

    @around(Passwords, "hash")
    def _(original: Any, self: Any, password: str) -> Any:
        return original(self, password.strip())


@blind_defect(
    "DBL-01va",
    "a sign-up that is made again with the same password is answered as a new one",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the sign-up is refused because the email address is taken",
)
def _() -> None:
    # Observable: the second sign-up of an address, typed with the password of the first, is answered 201, not 409.
    # (Meant for whoever has lost the answer to the first.)
    from sqlalchemy import text

    from apex.auth.accounts import Accounts
    from apex.http.problems import Problem

    @around(Accounts, "sign_up")
    def sign_up(original: Any, self: Any, request: Any) -> Any:
        try:
            return original(self, request)
        except Problem:
            with self._database.platform() as connection:
                known = connection.execute(text("SELECT * FROM login_of(:email)"), {"email": request.email}).first()
            if not self._passwords.matches(request.password.get_secret_value(), known.password_hash if known else None):
                raise
            with self._database.tenant(str(known.tenant_id)) as connection:
                return self.account_of(connection, str(known.user_id))


@blind_defect(
    "DBL-01wa", "an address that had no account when somebody logged in has none for half a minute", service="auth"
)
def _() -> None:
    # Observable: log in with an unknown address (401), sign up with it (201), log in: 401.
    from sqlalchemy import text

    from apex.auth import sessions

    unknown: dict[str, float] = {}

    @around(sessions.Sessions, "verify")
    def _(original: Any, self: Any, email: str, password: str) -> Any:
        if time.monotonic() < unknown.get(email, 0.0):
            raise vars(sessions)["unauthenticated"](sessions._WRONG)
        with self._database.platform() as connection:
            if connection.execute(text("SELECT 1 FROM login_of(:email)"), {"email": email}).first() is None:
                unknown[email] = time.monotonic() + 30
        return original(self, email, password)


@blind_defect(
    "DBL-01xa",
    "a sign-up with a taken address leaves its organisation behind",
    service="auth",
    scenario="A taken email address is refused in any capitalisation",
    step="the database holds no account for Borealis",
)
def _() -> None:
    # Observable: sign up twice with one address: 409, and the table of tenants has a second one without anybody in it.
    from apex.auth import accounts
    from apex.auth.models import Account, Tenant
    from apex.storage.tables import tenants

    def create(self: Any, organisation: str, plan: str, email: str, password: str, role: str, name: Any) -> Any:
        tenant_id, password_hash = str(uuid.uuid4()), self._passwords.hash(password)
        with self._database.tenant(tenant_id) as connection:
            connection.execute(tenants.insert().values(id=tenant_id, name=organisation, plan=plan))
        with self._database.tenant(tenant_id) as connection:
            user = accounts._insert_user(connection, tenant_id, email, role, name, password_hash)
        return Account(tenant=Tenant(id=tenant_id, name=organisation, plan=plan), user=user)

    replace(accounts.Accounts, "_create", create)


@blind_defect(
    "DBL-01ya",
    "an address with its domain in Punycode is another account than in its own letters",
    service="auth",
    scenario="An international email address is one account in every spelling",
    step="Acme is logged in to the account from sign-up",
)
def _() -> None:
    # Observable: sign up as ann@bücher.example and as ann@xn--bcher-kva.example: both are accepted.
    from apex.http import values

    @around(values, "validate_email")
    def _(original: Any, address: str, **options: Any) -> Any:
        found = original(address, **options)
        found.normalized = address
        return found


@blind_defect(
    "DBL-01yb",
    "log-ins count as attempts also when they succeed: the eleventh in a row is refused",
    service="auth",
    scenario="A customer can log in on fifteen devices",
    step="every log-in opens the account from sign-up",
)
def _() -> None:
    # Observable: log in again and again with the right password, from one address.
    from apex.auth.attempts import Attempts

    @around(Attempts, "_counted")
    def _(original: Any, self: Any, kind: str, request: Any, taken: Any, keep: bool = False) -> Any:
        return original(self, kind, request, taken, keep or kind == "log_in")


@blind_defect(
    "DBL-01za",
    "whoever signs up twice at the same moment is answered with a fault of ours",
    service="auth",
    scenario="Two concurrent sign-ups with one email address make one account",
    step="one of them has an account, and the other is refused because the email address is taken",
)
def _() -> None:
    # Observable: two sign-ups of one address at once: one is created, the other has 500 in place of 409.
    from sqlalchemy import text

    from apex.auth import accounts
    from apex.http.problems import conflict
    from apex.storage.tables import users

    def insert(
        connection: Any, tenant_id: str, email: str, role: str, display_name: str | None, password_hash: str
    ) -> Any:
        if connection.scalar(text("SELECT 1 FROM login_of(:email)"), {"email": email}) is not None:
            raise conflict("This e-mail address already has an account.")
        user = {
            "id": str(uuid.uuid4()),
            "tenant_id": tenant_id,
            "email": email,
            "role": role,
            "display_name": display_name,
            "password_hash": password_hash,
        }
        return accounts._user(connection.execute(users.insert().values(user).returning(users)).one())

    replace(accounts, "_insert_user", insert)


@blind_defect(
    "DBL-01zc",
    "an address is kept without its +tag, and its owner cannot log in with it",
    service="auth",
    scenario="An unusual email address and password open the account",
    step="Acme can log in with the email address and password of the sign-up",
)
def _() -> None:
    # Observable: sign up as ada+apex@example.com, log in as such: 401; ada+other@example.com: 409.
    from apex.auth.accounts import Accounts

    @around(Accounts, "sign_up")
    def _(original: Any, self: Any, request: Any) -> Any:
        name, _, domain = request.email.rpartition("@")
        return original(self, request.model_copy(update={"email": f"{name.partition('+')[0]}@{domain}"}))
