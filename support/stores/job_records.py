"""What the services have on record of jobs, read in their own stores past the platform."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

import clickhouse_connect
import psycopg
from hamcrest import equal_to, greater_than
from psycopg.rows import dict_row

from support.business_data import allowances
from support.matchers.job_records import Ledger
from support.platform.story import Event
from support.scenario import received_events
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stack.client import Fault
from support.stores.logs import whole_logs

_RUNS = """
select r.id::text, r.user_id::text, r.tenant_id::text, r.agent_name, r.status,
       coalesce(r.answer <> 'null', false) as answered, (r.usage ->> 'tool_calls')::int as tool_calls,
       split_part(r.traceparent, '-', 2) as trace_id,
       extract(epoch from r.finished_at)::float8 as finished_at,
       extract(epoch from r.finished_at - r.started_at)::float8 as duration_seconds
from runs r where split_part(r.traceparent, '-', 2) = any(%(traces)s)
"""
_REPLIES = "select run_id::text from messages where run_id::text = any(%(runs)s) and role = 'assistant'"
_CALLS = """
select id::text, run_id::text, user_id::text, tenant_id::text, tool_name, status, instance, trace_id
from tool_calls where run_id::text = any(%(runs)s) or trace_id = any(%(traces)s)
"""
_UNDELIVERED = "select payload ->> 'run_id' as run_id from outbox where payload ->> 'run_id' = any(%(runs)s)"
# Plainly, without FINAL: a record that is there twice is seen twice.
_JOBS = """
select toString(run_id) as run_id, toString(user_id) as user_id, toString(tenant_id) as tenant_id,
       toString(agent_name) as agent_name, toString(status) as status, duration_seconds, tool_calls, trace_id,
       toUnixTimestamp64Micro(finished_at) / 1e6 as finished_at
from jobs where run_id in (%(runs)s) or trace_id in (%(traces)s)
"""
_ON_THEIR_WAY = "select topic from outbox where tenant_id::text = %(tenant)s"
_JOBS_OF_TENANT = """
select toString(run_id) as run_id from jobs where toString(tenant_id) = %(tenant)s order by finished_at
"""

Row = Mapping[str, Any]


def of_runs(world: World, runs: Sequence[RunHandle]) -> list[Ledger]:
    """What every service has on record of each of these runs, once nothing is on its way any more."""
    told = _told_of(world)
    of = {"runs": [run.run_id for run in runs], "traces": [run.trace_id for run in runs]}
    with psycopg.connect(world.addresses.postgres_observer_url, autocommit=True, row_factory=dict_row) as connection:
        world.eventually(
            lambda: connection.execute(_UNDELIVERED.encode(), of).fetchall(), equal_to([]), "records agree"
        )
        stored = [connection.execute(query.encode(), of).fetchall() for query in (_RUNS, _REPLIES, _CALLS)]
    rows, replies, calls = stored
    jobs = job_rows(world, runs)
    return [
        Ledger(
            run_id=run.run_id,
            trace_id=run.trace_id,
            user_id=run.user.id,
            tenant_id=run.user.tenant.id,
            agent_name=run.agent_name,
            runs=[row for row in rows if run.trace_id == row["trace_id"]],
            replies=sum(reply["run_id"] == run.run_id for reply in replies),
            calls=_concerning(calls, run),
            jobs=_concerning(jobs, run),
            told=told.get(run.run_id, ()),
        )
        for run in runs
    ]


def job_rows(world: World, runs: Sequence[RunHandle]) -> list[Row]:
    """The rows that the analytics service has of these runs, each copy counted."""
    of = {"runs": tuple(run.run_id for run in runs), "traces": tuple(run.trace_id for run in runs)}
    with closing(clickhouse_connect.get_client(dsn=world.addresses.clickhouse_url)) as client:
        return list(client.query(_JOBS, of).named_results())


def counted(world: World, user: User) -> dict[str, Any]:
    """What is counted for a user and their organisation: expenses, and the runs on record as jobs, once all are."""
    of = {"tenant": user.tenant.id}
    with psycopg.connect(world.addresses.postgres_observer_url, autocommit=True) as connection:
        world.eventually(
            lambda: connection.execute(_ON_THEIR_WAY.encode(), of).fetchall(), equal_to([]), "records agree"
        )
    with closing(clickhouse_connect.get_client(dsn=world.addresses.clickhouse_url)) as client:
        jobs = [row["run_id"] for row in client.query(_JOBS_OF_TENANT, of).named_results()]
    return {**allowances.found(world, user), "jobs": jobs}


def delivered_again(world: World, user: User) -> int:
    """Have a report made whose record arrives while its receipts do not; gives how often it arrived until one did.

    :raises DeadlinePassed: it was not sent again.
    """
    before = _arrivals(world)
    # What is stored twice would be merged into one sooner or later, and not be seen.
    _command(world, "system stop merges jobs")
    world.undo.register("let records be merged again", lambda: _command(world, "system start merges jobs"))
    world.faults.on_link("analytics", Fault(kind="reset_after", direction="to_client", after_bytes=0))
    world.ended(world.running(user, "usage_report"))
    world.eventually(lambda: _arrivals(world) - before, greater_than(1), "records agree", "arrivals of the record")
    world.faults.heal("analytics")
    return _arrivals(world) - before


def _command(world: World, command: str) -> None:
    with closing(clickhouse_connect.get_client(dsn=world.addresses.clickhouse_url)) as client:
        client.command(command)


def _arrivals(world: World) -> int:
    """How often records have arrived at the analytics service, by its log."""
    arrived = (line.fields for line in whole_logs(world.addresses.log_dir, "analytics") if b"/v1/records" in line.text)
    return sum(line.get("route") == "/v1/records" and line.get("status") == 201 for line in arrived)


def _concerning(rows: Iterable[Row], run: RunHandle) -> list[Row]:
    """Rows that name the run or its trace: one that names another's beside it is wrong, and seen."""
    return [row for row in rows if run.run_id == row["run_id"] or run.trace_id == row["trace_id"]]


def _told_of(world: World) -> Mapping[str, Sequence[Event]]:
    """What the customers were told, by run, once they have been told of every end."""
    heard = received_events.crowd(world) if "crowd" in world.facts else received_events.tabs(world)
    told: defaultdict[str, list[Event]] = defaultdict(list)
    for connection in heard:
        for event in connection.events:
            told[str(event.run_id)].append(event)
    return told
