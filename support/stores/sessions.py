"""The sessions that the platform's services have at the database, and what each of them holds there."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from support.scenario import waiting
from support.scenario.verdict import DeadlinePassed, NotShown
from support.scenario.world import World
from support.stores import opened
from support.stores.logs import ServiceLogs

_OWN = "backend_type = 'client backend' and split_part(application_name, ' ', 1) = any(%s)"
# PostgreSQL's own waiting for the end of each looks every tenth of a second.
_END = f"select pid, pg_terminate_backend(pid) from pg_stat_activity where {_OWN}"
_LEFT = "select count(*) from pg_stat_activity where pid = any(%s)"
_ENDED_WITHIN = 5.0
_SESSIONS = f"""
select pid, split_part(application_name, ' ', 1), state <> 'idle',
       (select count(*) from pg_locks l where l.pid = a.pid and l.locktype <> 'virtualxid')
from pg_stat_activity a where {_OWN}
"""
_SHARED = """
select (select count(*) from pg_class where relpersistence = 't'), (select count(*) from pg_ls_tmpdir()),
       (select count(*) from pg_prepared_xacts)
"""
_MEMORY = "select pg_log_backend_memory_contexts(pid) from unnest(%s::int[]) pid"
# PostgreSQL says nowhere else what another session's cursors and prepared statements are.
_CONTEXT = re.compile(r"\[(\d+)\].* LOG:  (?:level: \d+; (PortalContext|CachedPlanSource):|(Grand total):)")
_TOLD_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a session holds: whether it is in a transaction, its locks, its open cursors, its prepared statements."""

    service: str
    is_busy: bool
    locks: int
    cursors: int
    statements: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What is in the database of nobody's session in particular."""

    temporary_tables: int
    temporary_files: int
    prepared_transactions: int


def of_services(world: World) -> list[Held]:
    """What each session of the platform's services holds.

    :raises NotShown: a session does not say what it has in its memory.
    """
    logs = ServiceLogs(world.addresses.log_dir)
    found = {row[0]: row for row in opened.rows(world, _SESSIONS, [list(world.target.instances)])}
    opened.rows(world, _MEMORY, [list(found)])
    said: Counter[tuple[int, str]] = Counter()

    def silent() -> set[int]:
        lines = (str(line.fields.get("event")) for line in logs.new_lines() if line.service == "postgres-primary")
        said.update((int(told[1]), told[2] or told[3]) for line in lines if (told := _CONTEXT.search(line)))
        # One that has ended since says nothing any more.
        left = {pid for pid in found if not said[pid, "Grand total"]}
        return left and left & {row[0] for row in opened.rows(world, _SESSIONS, [list(world.target.instances)])}

    try:
        waiting.wait_for(silent, lambda left: not left, _TOLD_WITHIN, "what sessions have in their memory")
    except DeadlinePassed as silence:
        raise NotShown(f"the log does not show what sessions hold: {silence}") from silence
    return [
        Held(service, bool(is_busy), int(locks), said[pid, "PortalContext"], said[pid, "CachedPlanSource"])
        for pid, service, is_busy, locks in found.values()
    ]


def shared(world: World) -> Shared:
    """What is in the database of nobody's session in particular."""
    return Shared(*opened.rows(world, _SHARED)[0])


def end_all(world: World) -> None:
    """Have the database end every session of the platform's services, as an operator would.

    :raises DeadlinePassed: one of them does not end.
    """
    servers = [opened.as_owner, *([opened.as_owner_of_replica] if world.addresses.replica_observer_url else [])]
    ended = 0
    for server in servers:
        with server(world, autocommit=True) as connection:
            pids = [pid for pid, _ in connection.execute(_END.encode(), [list(world.target.instances)])]
            left = partial(_left, connection, pids)
            waiting.wait_for(left, lambda count: count == 0, _ENDED_WITHIN, "the end of the sessions")
            ended += len(pids)
    world.evidence.note("fault", kind="sessions ended", count=ended)


def _left(connection: psycopg.Connection[Any], pids: Sequence[int]) -> int:
    (count,) = connection.execute(_LEFT.encode(), [pids]).fetchone() or (0,)
    return int(count)


def counted(held: list[Held]) -> Mapping[str, Mapping[str, int]]:
    """Of each service: its sessions, and how many transactions, locks, cursors and statements these hold together."""
    totals: dict[str, Counter[str]] = {}
    for each in held:
        of_service = totals.setdefault(each.service, Counter())
        of_service["sessions"] += 1
        of_service["open transactions"] += each.is_busy
        of_service["locks"] += each.locks
        of_service["open cursors"] += each.cursors
        # A session keeps those that it needs often: the fullest says whether that has an end.
        of_service["statements"] = max(of_service["statements"], each.statements)
    return totals
