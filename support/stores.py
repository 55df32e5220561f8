"""Eyes on the stores of a running stack, each continuing where its last look ended."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
import requests
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from support.canary import Sighting, markers_in
from support.dialect import Control, Dialect
from support.oracle import StoredRun
from support.story import Event
from support.trace import trace_id_of

# One look at all of Redis: new entries of the streams (of wanted users all of them, of others those with a marker)
# and other keys that hold a marker. A stream that was begun anew has another epoch and is read from its start.
_LOOK = """
local seen, wanted = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local entries, ends, others = {}, {}, {}
local function values(key)
  local kind = redis.call('TYPE', key)['ok']
  if kind == 'string' then return {redis.call('GET', key)} end
  if kind == 'hash' then return redis.call('HGETALL', key) end
  if kind == 'list' then return redis.call('LRANGE', key, 0, -1) end
  if kind == 'set' then return redis.call('SMEMBERS', key) end
  if kind == 'zset' then return redis.call('ZRANGE', key, 0, -1) end
  return {}
end
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local user = string.match(key, '^events:(.*)$')
    if user then
      local epoch = redis.call('HGET', 'stream:' .. user, 'epoch') or ''
      local from = seen[key]
      local begin = '-'
      if from and from[1] == epoch then begin = '(' .. from[2] end
      local last = nil
      for _, entry in ipairs(redis.call('XRANGE', key, begin, '+')) do
        last = entry[1]
        if wanted[user] or string.find(entry[2][2], 'canary-', 1, true) then
          entries[#entries + 1] = {user, entry[2][2]}
        end
      end
      if last then ends[#ends + 1] = {key, epoch, last} end
    elseif not (string.find(key, '^run:') or string.find(key, '^stream:') or string.find(key, '^delivered:')) then
      for _, value in ipairs(values(key)) do
        if string.find(value, 'canary-', 1, true) then others[#others + 1] = {key, value} end
      end
    end
  end
until cursor == '0'
return {entries, ends, others}
"""

_TABLES = """
select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p') and a.attname = 'tenant_id' and not a.attisdropped order by 1
"""
# Rows of transactions that had not ended at the last look. The age of a transaction id is cheap to compare and knows
# of the counter's wrapping round.
_NEW_ROWS = """
select {name} as place, t.tenant_id::text as tenant, m.marker
from {table} t cross join lateral (
  select distinct (regexp_matches(t::text, 'canary-[0-9a-f]{{12}}', 'g'))[1] as marker
) m where age(t.xmin) <= (select edge from looked) and t::text like '%%canary-%%'
"""
_RUNS = """
select id::text, user_id::text, tenant_id::text, status, started_at is not null
from runs where tenant_id = any(%s::uuid[])
"""
_EDGE = "select (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text"
_CONTROL_TIMEOUT = 5.0


class RedisEyes:
    """Users' event streams and all other keys."""

    def __init__(self, url: str, dialect: Dialect) -> None:
        self._redis = redis.Redis.from_url(url, decode_responses=True, retry=Retry(NoBackoff(), 1), socket_timeout=10)
        self._dialect = dialect
        self._seen: dict[str, tuple[str, str]] = {}

    def look(self, present: Iterable[str], everybody: Mapping[str, str]) -> tuple[list[Sighting], list[Event]]:
        """Markers seen, and the new events of the users who are present.

        :param everybody: user id -> tenant id, of all users of this run.
        """
        wanted = dict.fromkeys(present, True)
        answer = self._redis.eval(_LOOK, 0, json.dumps(self._seen), json.dumps(wanted))
        entries, ends, others = cast("tuple[list[list[str]], list[list[str]], list[list[str]]]", answer)
        sightings = [
            Sighting(f"the event stream of user {user}", everybody.get(user), markers_in(text))
            for user, text in entries
            if "canary-" in text
        ]
        sightings += [
            Sighting(f"the Redis key {key}", _tenant_in(key, everybody), markers_in(value)) for key, value in others
        ]
        self._seen |= {key: (epoch, last) for key, epoch, last in ends}
        return sightings, [event for user, text in entries if user in wanted for event in self._event(text)]

    def whole(self, users: Iterable[str]) -> list[Event]:
        """Everything in the streams of users, from their start."""
        with self._redis.pipeline(transaction=False) as pipe:
            for user in users:
                pipe.xrange(f"events:{user}")
            return [
                event for entries in pipe.execute() for _, entry in entries for event in self._event(entry["event"])
            ]

    def _event(self, text: str) -> list[Event]:
        decoded = self._dialect.decode(text)
        return [] if isinstance(decoded, Control) else [decoded]

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()


def _tenant_in(key: str, everybody: Mapping[str, str]) -> str | None:
    """Whose key it is: the tenant whose id, or the id of one of whose users, is part of its name."""
    parts = set(key.replace("{", ":").replace("}", ":").split(":"))
    return next((tenant for user, tenant in everybody.items() if user in parts or tenant in parts), None)


class PostgresEyes:
    """Rows of every table that belongs to tenants, seen in the observer's role, which no policy hides anything from."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None
        self._edge: str | None = None
        self._query: sql.Composed | None = None
        self._tables: list[str] = []

    def look(self, tenants: Sequence[str]) -> tuple[list[Sighting], list[StoredRun]]:
        """Markers in rows written since the last look, and all runs of some tenants."""
        try:
            return self._look(tenants)
        except psycopg.OperationalError:
            # A scenario may have killed the server under this connection; a second failure is one.
            self.close()
            return self._look(tenants)

    def runs(self, tenants: Sequence[str]) -> list[StoredRun]:
        """All runs of some tenants."""
        return [StoredRun(*row) for row in self._connected().execute(_RUNS, [list(tenants)])] if tenants else []

    def every_run(self) -> frozenset[str]:
        """The ids of all runs there are."""
        return frozenset(id for (id,) in self._connected().execute("select id::text from runs"))

    def _look(self, tenants: Sequence[str]) -> tuple[list[Sighting], list[StoredRun]]:
        connection = self._connected()
        edge = self._edge
        row = connection.execute(_EDGE).fetchone()
        self._edge = row[0] if row else None
        found = [
            Sighting(f"the table {place}", tenant, frozenset({marker}))
            for place, tenant, marker in connection.execute(self._new_rows(connection), [edge or "3"])
        ]
        return found, self.runs(tenants)

    def _new_rows(self, connection: psycopg.Connection[Any]) -> sql.Composed:
        tables = [name for (name,) in connection.execute(_TABLES)] if self._query is None else self._tables
        if self._query is None or tables != self._tables:
            self._tables = tables
            parts = [sql.SQL(_NEW_ROWS).format(name=sql.Literal(name), table=sql.Identifier(name)) for name in tables]
            self._query = sql.SQL("with looked as (select age(%s::xid) as edge) {}").format(
                sql.SQL(" union all ").join(parts)
            )
        return self._query

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class ClickHouseEyes:
    """Rows of every table that has a tenant; only parts that were not there at the last look are read."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        # The database stands in the path, where clients expect it; the HTTP interface wants it as a parameter.
        self._url = urlunsplit((address.scheme, address.netloc, "/", "", ""))
        self._database = address.path.strip("/")
        self._http = requests.Session()
        self._parts: frozenset[tuple[str, str]] = frozenset()

    def look(self) -> list[Sighting]:
        """Markers in rows of new parts."""
        parts = frozenset(
            (table, part)
            for table, part in self._rows(
                "select table, name from system.parts where active and database = currentDatabase()"
            )
        )
        fresh = parts - self._parts
        self._parts = parts
        found = []
        for table in sorted({table for table, _ in fresh}):
            names = ", ".join(f"'{part}'" for owner, part in sorted(fresh) if owner == table)
            found += [
                Sighting(f"the ClickHouse table {table}", str(tenant), frozenset(markers))
                for tenant, markers in self._rows(
                    "select toString(tenant_id), arrayDistinct(extractAll(toString(tuple(*)),"
                    f" 'canary-[0-9a-f]{{12}}')) as markers from {table}"
                    f" where _part in ({names}) and notEmpty(markers)"
                )
            ]
        return found

    def _rows(self, query: str) -> list[list[Any]]:
        answer = self._http.post(
            self._url,
            params={"database": self._database},
            data=f"{query} format JSONCompact".encode(),
            timeout=_CONTROL_TIMEOUT,
        )
        answer.raise_for_status()
        rows: list[list[Any]] = answer.json()["data"]
        return rows

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


class PartnerEyes:
    """The partner's journal: what the platform asked it for. A request belongs to the tenant of its trace."""

    def __init__(self, control_url: str, token: str) -> None:
        self._url = control_url
        self._http = requests.Session()
        self._http.headers["authorization"] = f"Bearer {token}"
        self._last: Mapping[str, Any] | None = None

    def look(self, traces: Mapping[str, str]) -> list[Sighting]:
        """Markers in requests since the last look.

        :param traces: trace id -> tenant id.
        """
        found = []
        for entry in self._new_entries():
            text = json.dumps(entry)
            if "canary-" in text:
                where = f"the partner's journal ({entry['method']} {entry['path']})"
                found.append(Sighting(where, traces.get(_trace_of(entry)), markers_in(text)))
        return found

    def _new_entries(self) -> list[Mapping[str, Any]]:
        # The last entry is asked for once more: when it is another, the partner has been restarted and counts anew.
        known = self._last
        entries = self._since(known["number"] - 1 if known else 0)
        if known:
            if entries and entries[0]["received_at"] == known["received_at"]:
                entries = entries[1:]
            else:
                entries = self._since(0)
                self._last = None
        if entries:
            self._last = entries[-1]
        return entries

    def _since(self, number: int) -> list[Mapping[str, Any]]:
        answer = self._http.get(f"{self._url}/_control/journal", params={"since": number}, timeout=_CONTROL_TIMEOUT)
        answer.raise_for_status()
        items: list[Mapping[str, Any]] = answer.json()["items"]
        return items

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


def _trace_of(entry: Mapping[str, Any]) -> str:
    headers = {str(name).lower(): str(value) for name, value in dict(entry.get("headers") or {}).items()}
    try:
        return trace_id_of(headers.get("traceparent", ""))
    except ValueError:  # the request was in no trace, and so is nobody's
        return ""
