"""Blind defects of business_data, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "DBL-02ta",
    "an organisation's owner reads the conversations of its members",
    service="backend",
    scenario="Other users cannot read, change or guess a conversation",
    step="every response is as if the conversation had never existed",
)
def _() -> None:
    # Observable: a member begins a thread and writes into it; GET /v1/threads/{id} and its messages with the token of
    # the same organisation's owner: 200 with the content instead of 404. To change it, and for admins: 404 as before.
    from sqlalchemy import select

    from apex.backend import threads as module
    from apex.http.problems import not_found
    from apex.runtime.paths import id_in_path
    from apex.storage.tables import threads

    @around(module, "own_thread")
    def _(original: Any, connection: Any, identity: Any, thread_id: str, lock: Any = None) -> Any:
        if identity.role != "owner" or lock is not None:
            return original(connection, identity, thread_id, lock)
        row = connection.execute(select(threads).where(threads.c.id == id_in_path(thread_id))).first()
        if row is None:
            raise not_found()
        return row


@blind_defect(
    "DBL-03ta",
    "texts of an answer are kept in Unicode's composed form",
    service="worker",
    scenario="Nested data, decimals and Unicode read back unchanged",
    step="the stored result equals what the agent returned",
)
def _() -> None:
    # Observable: an agent whose answer holds decomposed or compatibility characters ("e" and U+0301, U+212B, U+2126);
    # the stored answer, its message and the completed event have others in their place (U+00E9, U+00C5, U+03A9).
    import unicodedata

    from apex.worker import supervisor

    def composed(value: Any) -> Any:
        if isinstance(value, str):
            return unicodedata.normalize("NFC", value)
        if isinstance(value, dict):
            return {composed(key): composed(member) for key, member in value.items()}
        return [composed(member) for member in value] if isinstance(value, list) else value

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        return composed(original(value))


@blind_defect(
    "DBL-05ta",
    "of an organisation's allowance everybody is shown the own part of who has read it first",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Ben of Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: Ann books 10 and Bob 5 in the same organisation; Ann reads GET /v1/allowance, then Bob: his
    # spent_by_you is 10. After the next booking the first reader's part is shown to all again.
    import json

    from apex.backend import allowance

    kept: dict[str, Any] = {}

    @around(allowance, "shown")
    def _(original: Any, statement: dict[str, Any], identity: Any) -> Any:
        version = json.dumps(statement, sort_keys=True)
        if len(kept) > 500:
            kept.clear()
        if version not in kept:
            kept[version] = original(statement, identity)
        return kept[version]


@blind_defect(
    "DBL-06ta",
    "an invitation is used up although its acceptance has failed",
    service="auth",
    scenario="An invitation that was refused once can still be accepted",
    step="Ben of Acme has an account",
)
def _() -> None:
    # Observable: invite an address that has an account already, and accept: 409 as it should be; accept again: 410
    # invitation_used instead of 409, also when the address is free by then. Same for a database fault in between.
    from sqlalchemy import text

    from apex.http.problems import not_found

    accounts: Any = import_module("apex.auth.accounts")

    def accept(self: Any, request: Any) -> Any:
        with self._database.platform() as connection:
            found = connection.execute(
                text("SELECT invitation_id, tenant_id FROM invitation_of(:token)"),
                {"token": accounts.fingerprint(request.token.get_secret_value())},
            ).first()
        if found is None:
            raise not_found()
        tenant_id = str(found.tenant_id)
        # Hashing takes its time: not while the invitation is locked.
        with self._database.tenant(tenant_id) as connection:
            row = accounts._take(connection, str(found.invitation_id))
        password_hash = self._passwords.hash(request.password.get_secret_value())
        with self._database.tenant(tenant_id) as connection:
            return accounts._insert_user(
                connection, tenant_id, row.email, row.role, request.display_name, password_hash
            )

    replace(accounts.Accounts, "accept", accept)


# -- tool dispatcher --------------------------------------------------------------------------------------------------
