"""Blind defects of API-06."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "API-06pa",
    "a run that ends before it has begun cannot be shown",
    service="backend",
    scenario="Every endpoint is open to the permitted roles and no others",
    step="every response follows the access rule of its endpoint",
)
def _() -> None:
    # Observable: keep every slot busy, start one more run and cancel it while it is queued: 500 (and it is not
    # cancelled). Where a queued run ends because its owner was removed from the organisation, the operators' list of
    # runs answers 500 ever after: a duration is taken from started_at, which is null. Runs that have begun are all
    # right.
    from apex.backend import operations, runs
    from apex.storage.runs import trace_id_of

    def fields(row: Row[Any]) -> dict[str, Any]:
        return {
            **row._mapping,
            "trace_id": trace_id_of(row),
            "progress": sum(1 for step in row.steps if step["duration_seconds"] is not None),
            "duration_seconds": (row.finished_at - row.started_at).total_seconds() if row.finished_at else None,
        }

    replace(runs, "fields", fields)
    replace(operations, "fields", fields)


@blind_defect(
    "API-06qa",
    "a worker reports the steps since its last report, and they replace the others",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: start a run of some seconds with several steps (a tool that is slow after others that were quick) and
    # GET /v1/runs/{id} again and again: "progress" rises to three or five and falls to nothing with the next heartbeat
    # of the worker, and "steps" with it. At the end of the run all is there again.
    from apex.worker.slot import _InHand

    def progress(self: Any) -> list[dict[str, Any]]:
        tracker = self._slot.tracker
        steps = list(tracker.steps) if tracker is not None else []
        reported = getattr(self, "_reported", 0)
        self._reported = sum(1 for step in steps if step["duration_seconds"] is not None)
        return steps[reported:]

    replace(_InHand, "progress", progress)


@blind_defect(
    "API-06sa",
    "when a run ends, its steps of the same name are put together: its progress falls",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a cost analysis until its end (its agent works by itself between the calls): the progress is 5 or
    # more while it is running, and 4 once it is completed. The durations still add up to the run's.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        together: dict[tuple[str, str, str], dict[str, Any]] = {}
        for step in steps:
            key = step["name"], step["kind"], step["agent_name"]
            if key in together:
                together[key]["duration_seconds"] += step["duration_seconds"]
            else:
                together[key] = dict(step)
        return finished_at, list(together.values()), usage


@blind_defect(
    "API-06ta",
    "of a running run only the eight newest steps are kept",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a run of more than eight steps (such as one with five tool calls one after the other, or an
    # advisor's) while it is running; its progress stays at 7 and its first steps are gone. Once ended, all are there.
    slot: Any = import_module("apex.worker.slot")

    @around(slot._InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(self)
        return steps[-8:]


@blind_defect(
    "API-06ua",
    "with its cancellation a run loses the progress that it has made",
    service="worker",
    scenario="A cancelled run keeps the progress that it has made",
    step="the progress that Acme has read has never fallen",
)
def _() -> None:
    # Observable: a run at work shows progress 2; cancelled, it shows progress 0 and no steps.
    from apex.storage.runs import CANCELLED
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.status == CANCELLED:
            others["steps"] = []
        return original(connection, run, ending, **others)


@blind_defect(
    "API-06ub",
    "a worker that stops puts the runs in its hands back into the queue",
    service="worker",
    scenario="A run that outlasts the shutdown of its worker fails",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: stop a worker (SIGTERM) with a run that takes longer than it may still go on: its status goes from
    # running back to queued, and the run begins anew elsewhere, instead of failed with worker_lost.
    from sqlalchemy import func, select, update

    from apex.storage.runs import QUEUED, RUN_QUEUED, RUNNING
    from apex.storage.tables import runs
    from apex.worker.leases import Leases

    @around(Leases, "close")
    def _(original: Any, self: Any) -> None:
        with self._lock:
            left = [run for run, _ in self._held.values()]
            self._held.clear()
        for run in left:
            with self._database.tenant(run.tenant_id) as connection:
                connection.execute(
                    update(runs)
                    .where(runs.c.id == run.id, runs.c.status == RUNNING, runs.c.worker == run.worker)
                    .values(status=QUEUED, worker=None, lease_expires_at=None, started_at=None)
                )
                connection.execute(select(func.pg_notify(RUN_QUEUED, str(run.id))))
        original(self)


@blind_defect(
    "API-06va",
    "a run whose worker has died is shown as queued again until it has failed",
    service="backend",
    scenario="All runs of a lost worker fail in time",
    step="the answers oracle finds nothing",
)
def _() -> None:
    # Observable: kill the only worker amid a run and ask on; after eight seconds its status goes back to queued.
    from apex.backend import runs
    from apex.storage.runs import QUEUED, RUNNING, now

    @around(runs, "fields")
    def fields(original: Any, row: Any) -> dict[str, Any]:
        is_held = row.lease_expires_at is not None and row.lease_expires_at > now()
        return {**original(row), "status": QUEUED if row.status == RUNNING and not is_held else row.status}


@blind_defect(
    "API-06wa",
    "a run is shown as queued until its first steps are written down",
    service="backend",
    scenario="Status and progress of a run only move forward",
    step="the statuses that Acme has read only move forward, to the end",
)
def _() -> None:
    # Observable: agent_started has come, started_at is there, and GET /v1/runs/{id} says queued for up to a heartbeat.
    from apex.backend import runs

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(row)
        return {**told, "status": "queued"} if row.status == "running" and not row.steps else told


@blind_defect("API-06xa", "the progress of a run at work does not grow beyond three steps", service="worker")
def _() -> None:
    # Observable: a run of ten steps is polled: its progress stays at two or three, and jumps when it ends.
    from apex.worker.slot import _InHand

    @around(_InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(self)
        return steps[-3:]


@blind_defect(
    "API-06ya",
    "the progress of a run counts the steps of the agent at work only",
    service="backend",
)
def _() -> None:
    # Observable: polled while the cost analysis works for the advisor, progress goes back when it hands over.
    from apex.backend import runs

    @around(runs, "fields")
    def _fields(original: Any, row: Any) -> dict[str, Any]:
        done = [step for step in row.steps if step["duration_seconds"] is not None]
        present = [step for step in done if step["agent_name"] == row.steps[-1]["agent_name"]]
        return {**original(row), "progress": len(present)}


@blind_defect(
    "API-06yb",
    "the state of a run cannot be asked while Redis is away",
    service="backend",
    scenario="Rate limiting refuses nobody while Redis is unreachable",
    step="every response is a success",
)
def _() -> None:
    # Observable: stop Redis; GET /v1/runs/<id> of a run that is there is answered with 503.
    import redis

    from apex.backend import runs
    from apex.http.problems import unavailable

    @around(runs, "routes")
    def _routes(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        live = redis.Redis.from_url(settings.redis.url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2)

        @around(runs, "own_run")
        def _own_run(own_run: Any, connection: Any, identity: Any, run_id: str, **how: Any) -> Any:
            try:
                live.exists(f"run:{run_id}")
            except redis.RedisError as error:
                raise unavailable() from error
            return own_run(connection, identity, run_id, **how)

        return original(database, registry, settings)


@blind_defect(
    "API-06za",
    "of an ended run only some steps are kept: its progress goes back when it ends",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a cost analysis on a slow cloud: progress is 4 or more before the end, and less after it.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, [step for step in steps if step["kind"] != "work"], usage


@blind_defect(
    "API-06zb",
    "a run that is asked to stop is shown as cancelled before it has ended, and however it ends",
    service="backend",
)
def _() -> None:
    # Observable: cancel a run just before its end, or while its worker hangs: cancelled first, then completed, failed.
    from apex.backend import runs
    from apex.storage.runs import CANCELLED, RUNNING

    @around(runs, "fields")
    def _(original: Any, row: Any) -> dict[str, Any]:
        values: dict[str, Any] = original(row)
        stopping = row.status == RUNNING and row.cancel_requested_at is not None
        return {**values, "status": CANCELLED} if stopping else values


@blind_defect(
    "API-06zc",
    "the progress of a run is 0 until it ends",
    service="worker",
    scenario="Status and progress of a run only move forward",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: poll a run of several slow tools: no step and no progress while it is running.
    from apex.worker.slot import _InHand

    @around(_InHand, "progress")
    def _(original: Any, self: Any) -> list[dict[str, Any]]:
        # The last one goes on and has no duration yet: it is not reported, and what comes before it belongs to it.
        return []
