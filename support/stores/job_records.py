"""The job records of the services, read in their own stores past the platform."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hamcrest import equal_to
from psycopg.rows import dict_row

from support.business_data import allowances
from support.matchers.job_records import JobRecords
from support.platform.story import Event
from support.scenario import received_events
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores import opened

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
_UNDELIVERED_OF_TENANT = "select topic from outbox where tenant_id::text = %(tenant)s"
_JOBS_OF_TENANT = """
select toString(run_id) as run_id from jobs where toString(tenant_id) = %(tenant)s order by finished_at
"""

Row = Mapping[str, Any]


def of_runs(world: World, runs: Sequence[RunHandle]) -> list[JobRecords]:
    """The records that every service has of each of these runs, once nothing is on its way any more."""
    received = _received(world)
    of = {"runs": [run.run_id for run in runs], "traces": [run.trace_id for run in runs]}
    with opened.as_observer(world, autocommit=True) as connection:
        world.eventually(
            lambda: connection.execute(_UNDELIVERED.encode(), of).fetchall(), equal_to([]), "records agree"
        )
        stored = [_found(connection, query, of) for query in (_RUNS, _REPLIES, _CALLS)]
    rows, replies, calls = stored
    jobs = job_rows(world, runs)
    return [
        JobRecords(
            run_id=run.run_id,
            trace_id=run.trace_id,
            user_id=run.user.id,
            tenant_id=run.user.tenant.id,
            agent_name=run.agent_name,
            runs=[row for row in rows if run.trace_id == row["trace_id"]],
            replies=sum(reply["run_id"] == run.run_id for reply in replies),
            calls=_concerning(calls, run),
            jobs=_concerning(jobs, run),
            received=received.get(run.run_id, ()),
        )
        for run in runs
    ]


def job_rows(world: World, runs: Sequence[RunHandle]) -> list[Row]:
    """The rows that the analytics service has of these runs, each copy counted."""
    of = {"runs": tuple(run.run_id for run in runs), "traces": tuple(run.trace_id for run in runs)}
    with opened.analytics(world) as client:
        return list(client.query(_JOBS, of).named_results())


def counted(world: World, user: User) -> dict[str, Any]:
    """What a user is charged for: the organisation's expenses, and the runs with a job record, once all have one."""
    of = {"tenant": user.tenant.id}
    with opened.as_observer(world, autocommit=True) as connection:
        world.eventually(
            lambda: connection.execute(_UNDELIVERED_OF_TENANT.encode(), of).fetchall(), equal_to([]), "records agree"
        )
    with opened.analytics(world) as client:
        jobs = [row["run_id"] for row in client.query(_JOBS_OF_TENANT, of).named_results()]
    return {**allowances.found(world, user), "jobs": jobs}


def _found(connection: opened.Connection, query: str, of: Mapping[str, Any]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(query.encode(), of).fetchall())


def _concerning(rows: Iterable[Row], run: RunHandle) -> list[Row]:
    """Rows that name the run or its trace: one that names another's beside it is wrong, and seen."""
    return [row for row in rows if run.run_id == row["run_id"] or run.trace_id == row["trace_id"]]


def _received(world: World) -> Mapping[str, Sequence[Event]]:
    """The events that customers have received, by run, once they have received every end."""
    received: defaultdict[str, list[Event]] = defaultdict(list)
    for connection in received_events.of_everybody(world):
        for event in connection.events:
            received[str(event.run_id)].append(event)
    return received
