"""Blind defects of DBL-05."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace
from defects.blind._backend_endpoints import around_endpoint


@blind_defect(
    "DBL-05oa",
    "a backend keeps the allowance for five seconds, and forgets it only for changes of its own",
    service="backend",
    scenario="What one backend changes the other returns, cached or not",
    step="both backends return the current allowance after each change",
)
def _() -> None:
    # Observable: with two backends, GET /v1/allowance of the one, book an expense (or set a budget) at the other, and
    # GET it of the first again: spent, remaining and allotted are as they were, for up to five seconds, while the
    # other one says what is true. With a single backend all is well.
    import time

    from apex.backend import allowance
    from apex.storage.cache import Cache

    known: dict[str, tuple[float, dict[str, Any]]] = {}

    @around(allowance, "statement")
    def statement(original: Callable[..., Any], connection: Connection, cache: Cache, tenant_id: str) -> dict[str, Any]:
        until, kept = known.get(tenant_id, (0.0, {}))
        if until < time.monotonic():
            kept = original(connection, cache, tenant_id)
            known[tenant_id] = (time.monotonic() + 5, kept)
        return kept

    def changing(original: Callable[..., Any], connection: Connection, tenant_id: str, *given: Any) -> Any:
        known.pop(tenant_id, None)
        return original(connection, tenant_id, *given)

    for name in ("lock_allowance", "set_allowance"):
        around(allowance, name)(changing)


@blind_defect(
    "DBL-05pa",
    "the cached allowance has the part of whoever has read it first",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Ben of Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: Ann books an expense of 30.00, Ben, a colleague, none. Ann reads GET /v1/allowance (spent_by_you
    # 30.00), then Ben does: spent_by_you is 30.00 for him as well instead of 0.00, until something of the allowance
    # changes; then the next reader's part is everybody's. "spent" and the rest are right.

    kept: dict[str, tuple[dict[str, Any], Decimal]] = {}

    def read(_database: Any, endpoint: Callable[..., Any], *, identity: Any) -> Any:
        fresh = endpoint(identity=identity)
        shared = fresh.model_dump(exclude={"spent_by_you"})
        if identity.tenant_id not in kept or kept[identity.tenant_id][0] != shared:
            kept[identity.tenant_id] = (shared, fresh.spent_by_you)
        return fresh.model_copy(update={"spent_by_you": kept[identity.tenant_id][1]})

    around_endpoint("GET", "/v1/allowance", read)


@blind_defect(
    "DBL-05qa",
    "without Redis the allowance is shown as it was last put together",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: GET /v1/allowance, stop Redis, book an expense (201) and GET /v1/allowance again: "spent" is what it
    # was before, for as long as Redis is away. Another backend, which has kept nothing, shows it right.
    from apex.storage.cache import Cache

    @around(Cache, "get")
    def get(
        original: Callable[..., dict[str, Any] | None], self: Any, tenant_id: str, kind: str, version: str
    ) -> dict[str, Any] | None:
        found = original(self, tenant_id, kind, version)
        if found is None and self._is_away:
            # Better than asking the database for everybody.
            found = self.__dict__.setdefault("_latest", {}).get((tenant_id, kind))
        return found

    @around(Cache, "put")
    def put(
        original: Callable[..., None], self: Any, tenant_id: str, kind: str, version: str, value: dict[str, Any]
    ) -> None:
        self.__dict__.setdefault("_latest", {})[tenant_id, kind] = value
        original(self, tenant_id, kind, version, value)


@blind_defect(
    "DBL-05ra",
    "a change of the teams' budgets leaves the cached allowance as it is",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: GET /v1/allowance (which is cached then), POST /v1/budgets with 300.00, GET /v1/allowance again:
    # "allotted" is what it was, for ten minutes or until the next expense. The same for PATCH and DELETE of a budget.
    from sqlalchemy import func, select, update

    from apex.backend import allowance
    from apex.http.identity import Identity
    from apex.http.problems import allowance_exceeded, conflict
    from apex.storage.tables import allowances

    def lock_allowance(connection: Connection, tenant_id: str) -> Row[Any]:
        query = select(allowances, allowance._present()).where(allowances.c.tenant_id == tenant_id)
        row = connection.execute(query.with_for_update()).first()
        if row is None:
            raise conflict("The organisation has no allowance yet.")
        return row

    def count_spent(connection: Connection, identity: Identity, amount: Decimal) -> date:
        held = lock_allowance(connection, identity.tenant_id)
        month: date = held.present
        spent = amount + (held.spent if held.month == month else 0)
        if spent > held.monthly_amount:
            raise allowance_exceeded("The allowance of this month does not cover it.")
        own = allowances.c.tenant_id == identity.tenant_id
        marked = {"spent": spent, "month": month, "version": func.gen_random_uuid()}
        connection.execute(update(allowances).where(own).values(marked))
        return month

    replace(allowance, "lock_allowance", lock_allowance)
    replace(allowance, "count_spent", count_spent)


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
    "DBL-05ua",
    "a backend remembers an allowance for five seconds, whatever others write",
    service="backend",
    scenario="Customers find what they have just written while the replica lags",
    step="everything is read as it was written, for as long as the replica lags",
)
def _() -> None:
    # Observable: with two backends: read the allowance at A, book an expense at B, read at A again: the old amounts.
    # What a backend has written itself it shows at once.
    import time

    from apex.backend import allowance

    remembered: dict[str, tuple[float, dict[str, Any]]] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> dict[str, Any]:
        until, known = remembered.get(tenant_id, (0.0, {}))
        if time.monotonic() < until:
            return known
        fresh: dict[str, Any] = original(connection, cache, tenant_id)
        remembered[tenant_id] = (time.monotonic() + 5, fresh)
        return fresh

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        remembered.pop(tenant_id, None)
        return original(connection, tenant_id)

    @around(allowance, "set_allowance")
    def _(original: Any, connection: Any, tenant_id: str, amount: Any) -> Any:
        remembered.pop(tenant_id, None)
        return original(connection, tenant_id, amount)


@blind_defect(
    "DBL-05ub",
    "while Redis hangs (and refuses nobody) the allowance cannot be read",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: Redis takes connections and answers nothing (paused): GET /v1/allowance is 500 instead of right.
    import time

    import redis

    from apex.storage import cache

    def get(self: Any, tenant_id: str, kind: str, version: str) -> Any:
        found, outcome = None, "away"
        if time.monotonic() >= self._away_until:
            try:
                found = cache._read(self._redis.get(cache._key(tenant_id, kind, version)))
                outcome = "miss" if found is None else "hit"
            except redis.ConnectionError as error:
                self._leave_alone(error)
        cache.LOOKUPS.labels(kind, outcome).inc()
        return found

    replace(cache.Cache, "get", get)


@blind_defect(
    "DBL-05va",
    "a Redis that answers with an error, full or read-only, lets nobody read the allowance",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: after CONFIG SET maxmemory 1 (or as a replica), GET /v1/allowance after a change is answered 500.
    import redis

    from apex.storage import cache

    replace(cache, "RedisError", (redis.ConnectionError, redis.TimeoutError))


@blind_defect(
    "DBL-05wa",
    "a statement in the cache has the parts of the twenty who have spent most only",
    service="backend",
    scenario="In a large organisation each person's own expenses are counted, too",
    step="each person has spent exactly what was booked",
)
def _() -> None:
    # Observable: 21 colleagues have booked; who has spent least reads his part once, and 0.00 from then on.
    from decimal import Decimal

    from apex.storage.cache import Cache

    @around(Cache, "put")
    def _(original: Any, cache: Any, tenant_id: str, kind: str, version: str, value: Any) -> None:
        most = sorted(value["by_user"].items(), key=lambda part: -Decimal(part[1]))[:20]
        original(cache, tenant_id, kind, version, {**value, "by_user": dict(most)})


@blind_defect(
    "DBL-05xa",
    "the allowance cannot be read as long as Redis is up and does not answer",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: stop the process of Redis (SIGSTOP): GET /v1/allowance waits until it goes on.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    from apex.storage.cache import Cache
    from apex.storage.redis_address import connecting

    @around(Cache, "__init__")
    def _(original: Any, cache: Any, address: Any) -> None:
        original(cache, address)
        how: Any = connecting(address)
        cache._redis = redis.Redis.from_url(**how, retry=Retry(NoBackoff(), 0), socket_timeout=None)


@blind_defect(
    "DBL-05ya",
    "budgets that are given, changed or taken back are no change of the allowance's version",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Acme <changes the allowance>",
)
def _() -> None:
    # Observable: read the allowance, give a team a budget, read again: ``allotted`` is as before until somebody books.
    from sqlalchemy import func, select, update

    from apex.backend import allowance
    from apex.storage.tables import allowances

    @around(allowance, "lock_allowance")
    def _(original: Any, connection: Any, tenant_id: str) -> Any:
        query = select(allowances, allowance._present()).where(allowances.c.tenant_id == tenant_id)
        return connection.execute(query.with_for_update()).first() or original(connection, tenant_id)

    @around(allowance, "count_spent")
    def _(original: Any, connection: Any, identity: Any, amount: Any) -> Any:
        month = original(connection, identity, amount)
        own = update(allowances).where(allowances.c.tenant_id == identity.tenant_id)
        connection.execute(own.values(version=func.gen_random_uuid()))
        return month


@blind_defect(
    "DBL-05yb",
    "that there is no allowance is believed for ten seconds, also after one was set",
    service="backend",
    scenario="A first allowance is seen although its absence was read before",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: read (404), set the allowance, read: 404 once more.
    import time

    from apex.backend import allowance
    from apex.http.problems import Problem, not_found

    missing_until: dict[str, float] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> Any:
        if time.monotonic() < missing_until.get(tenant_id, 0.0):
            raise not_found()
        try:
            return original(connection, cache, tenant_id)
        except Problem:
            missing_until[tenant_id] = time.monotonic() + 10
            raise


@blind_defect(
    "DBL-05za",
    "who reads the allowance sees as his own part that of the colleague who read it first",
    service="backend",
    scenario="Every member's next read shows a change",
    step="Ben of Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: two people of an organisation have booked; the second to read has the first's spent_by_you.
    import json

    from apex.backend import allowance

    answers: dict[str, Any] = {}

    @around(allowance, "shown")
    def _(original: Any, statement: dict[str, Any], identity: Any) -> Any:
        key = identity.tenant_id + json.dumps(statement, sort_keys=True)
        if key not in answers:
            answers[key] = original(statement, identity)
        return answers[key]


@blind_defect(
    "DBL-05zb", "a backend believes for five seconds in what it has read, unless it makes the change", service="backend"
)
def _() -> None:
    # Observable: read at backend 1, book at backend 2, read at backend 1: the expense is missing.
    from apex.backend import allowance

    known: dict[str, tuple[float, dict[str, Any]]] = {}

    @around(allowance, "statement")
    def _(original: Any, connection: Any, cache: Any, tenant_id: str) -> dict[str, Any]:
        until, statement = known.get(tenant_id, (0.0, {}))
        if until < time.monotonic():
            statement = original(connection, cache, tenant_id)
            known[tenant_id] = time.monotonic() + 5, statement
        return statement

    def forget(original: Any, connection: Any, tenant_id: str, *others: Any) -> Any:
        held = original(connection, tenant_id, *others)
        known.pop(tenant_id, None)
        return held

    around(allowance, "lock_allowance")(forget)
    around(allowance, "set_allowance")(forget)


@blind_defect(
    "DBL-05zc",
    "while Redis is away the last statement that was put together is shown, however old",
    service="backend",
    scenario="Reads are correct while the cache fails",
    step="Acme reads the organisation's current allowance",
)
def _() -> None:
    # Observable: read the allowance, stop Redis, book, read: the expense is missing until Redis is back.
    from apex.storage.cache import Cache

    last: dict[tuple[str, str], dict[str, Any]] = {}

    @around(Cache, "get")
    def _(original: Any, self: Any, tenant_id: str, kind: str, version: str) -> Any:
        found = original(self, tenant_id, kind, version)
        if found is None and time.monotonic() < self._away_until:
            return last.get((tenant_id, kind))
        return found

    @around(Cache, "put")
    def _(original: Any, self: Any, tenant_id: str, kind: str, version: str, value: dict[str, Any]) -> None:
        last[tenant_id, kind] = value
        original(self, tenant_id, kind, version, value)


@blind_defect(
    "DBL-05ma",
    "when Redis has lost its data the replica is read from however far it is behind",
    service="backend",
)
def _() -> None:
    # Observable: with a replica, pause its replay, set another allowance (or book an expense), flush Redis, and read
    # the allowance: it is told as it was before. (Without the flush, or with Redis down, it is right.)
    from redis.exceptions import RedisError

    from apex.storage import marks

    def of(self: Any, tenant_id: str) -> int | None:
        if self._untold or self._is_away:
            return None
        try:
            return int(self._redis.get(marks._key(tenant_id)) or 0)
        except RedisError as error:
            self._leave_alone(error)
            return None

    replace(marks.Marks, "of", of)
