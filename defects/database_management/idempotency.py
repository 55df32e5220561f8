"""Seeded defects of idempotency keys (DBP-11)."""

from __future__ import annotations

import uuid
from dataclasses import replace as but
from typing import Any

from sqlalchemy import Connection, delete, select, text

from apex.http import idempotency
from apex.http.identity import Identity
from apex.storage.database import Database
from apex.storage.tables import idempotency_keys
from defects import Scenario
from defects._patching import around, replace
from defects._transactions import final_so_far

kinds = Scenario("Every kind of request takes effect once", service="backend")
notice = Scenario("An operator's notice is sent once", service="backend")
again = Scenario("A request takes effect once, however it is repeated", service="backend")
others = Scenario("Unrelated requests each take effect", service="backend")
content = Scenario("A key cannot be used for different content", service="backend")
own = Scenario("Customers do not share their keys", service="backend")
commit = Scenario("With a key, the outcome of an interrupted commit is found out", service="backend")

_SAME = "both responses are the same"


def _entry(identity: Identity, key: str) -> Any:
    return (idempotency_keys.c.user_id == identity.user_id) & (idempotency_keys.c.key == key)


def _forget_keys_of(endpoint: str) -> None:
    names: dict[str, str] = {}

    @around(idempotency, "_fingerprint")
    def fingerprint(original: Any, name: str, given: dict[str, Any]) -> str:
        found = str(original(name, given))
        names[found] = name
        return found

    @around(idempotency, "_known")
    def known(original: Any, connection: Connection, identity: Identity, key: str, fingerprint: str) -> Any:
        if names[fingerprint].endswith(endpoint):
            connection.execute(delete(idempotency_keys).where(_entry(identity, key)))
        return original(connection, identity, key, fingerprint)


@kinds.defect("DBP-11p", "what tells one request for a run from another includes a random number", step=_SAME)
def _() -> None:
    @around(idempotency, "_fingerprint")
    def fingerprint(original: Any, name: str, given: dict[str, Any]) -> str:
        return f"{original(name, given)}{uuid.uuid4() if name.endswith('start') else ''}"


@kinds.defect("DBP-11q", "the keys of usage records are not kept", step="Acme's <change> took effect exactly once")
def _() -> None:
    _forget_keys_of("store_usage")


@notice.defect("DBP-11r", "the keys of notices are not kept", step=_SAME)
def _() -> None:
    _forget_keys_of("send_notice")


@again.defect("DBP-11s", "a key is looked for, and claimed after that", step=_SAME)
def _() -> None:
    @around(idempotency, "_known")
    def known(original: Any, connection: Connection, identity: Identity, key: str, fingerprint: str) -> Any:
        is_there = connection.scalar(select(idempotency_keys.c.key).where(_entry(identity, key))) is not None
        answer = original(connection, identity, key, fingerprint)
        return answer if is_there else None


@again.defect("DBP-11t", "each process knows its own keys only", step=_SAME)
def _() -> None:
    seen: set[tuple[str, str]] = set()

    @around(idempotency, "_known")
    def known(original: Any, connection: Connection, identity: Identity, key: str, fingerprint: str) -> Any:
        if (identity.user_id, key) not in seen:
            connection.execute(delete(idempotency_keys).where(_entry(identity, key)))
        seen.add((identity.user_id, key))
        return original(connection, identity, key, fingerprint)


@again.defect("DBP-11u", "a key is kept for an hour", step=_SAME)
def _() -> None:
    replace(idempotency, "_KEPT", text("interval '1 hour'"))


@others.defect("DBP-11v", "a key is kept for a year", step="Acme's expense <took effect>")
def _() -> None:
    replace(idempotency, "_KEPT", text("interval '1 year'"))


@others.defect("DBP-11w", "the key of a request that failed stays claimed", step="Acme's request succeeds")
def _() -> None:
    @around(idempotency, "_known")
    def known(original: Any, connection: Connection, identity: Identity, *others: Any) -> Any:
        answer = original(connection, identity, *others)
        final_so_far(connection, identity.tenant_id)
        return answer


@content.defect(
    "DBP-11x",
    "the content of a request with a known key is not looked at",
    step="Acme's request is refused because the key belongs to another request",
)
def _() -> None:
    replace(idempotency, "_fingerprint", lambda name, given: name)


@own.defect(
    "DBP-11y",
    "people of one organisation share their keys",
    step="Acme, Ben of Acme and Borealis have a conversation each",
)
def _() -> None:
    first: dict[str, str] = {}

    @around(idempotency, "_known")
    def known(original: Any, connection: Connection, identity: Identity, *others: Any) -> Any:
        user = first.setdefault(identity.tenant_id, identity.user_id)
        return original(connection, but(identity, user_id=user), *others)


@commit.defect("DBP-11z", "a key does not help to find out an unknown outcome", step="Acme's request succeeds")
def _() -> None:
    @around(idempotency, "repeated")
    def repeated(original: Any, work: Any, **_: Any) -> Any:
        return original(work)


@commit.defect("DBP-11aa", "a key is stored after what it stands for", step="Acme's expense took effect exactly once")
def _() -> None:
    replace(Database, "as_one", Database.tenant)
