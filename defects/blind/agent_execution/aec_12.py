"""Blind defects of AEC-12."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-12oa",
    "a run is leased for as long as it may take, so that a late renewal costs nobody a run",
    service="worker",
    scenario="A lost run that has used no tool is not run again",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Observable: kill -9 the worker of a run while another one is there: the run stays running, with its
    # lease_expires_at minutes ahead, and no agent_error comes, until worker.run_seconds (300 s) have passed; then it
    # is failed as lost.
    from datetime import timedelta

    from apex.settings import Worker as WorkerSettings
    from apex.storage.database import Database
    from apex.worker.leases import Leases

    @around(Leases, "__init__")
    def _init(
        original: Callable[..., None], self: Any, database: Database, settings: WorkerSettings, worker: str
    ) -> None:
        original(self, database, settings, worker)
        self._lease = timedelta(seconds=max(settings.lease_seconds, settings.run_seconds))


@blind_defect(
    "AEC-12ra",
    "a worker that has nothing in hand does not look for lost runs",
    service="worker",
    scenario="A run fails although its crashed worker comes back",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: kill -9 the worker of a run while another worker is idle: the run stays running, and the customer
    # hears nothing, for as long as no further run is started. With one in the other worker's hands it is failed in
    # time.
    from apex.worker.leases import Leases

    @around(Leases, "_fail_lost")
    def _fail_lost(original: Callable[[Any], None], self: Any) -> None:
        if self._held:
            original(self)


@blind_defect(
    "AEC-12ta",
    "a worker without a run in hand looks for no lost runs",
    service="worker",
    scenario="A run fails although its crashed worker comes back",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: kill -9 a worker in the middle of a run while all others are idle (or start it again, alone); the run
    # stays running and the customer hears nothing until another worker happens to be given a run.
    from apex.worker.leases import Leases

    @around(Leases, "_fail_lost")
    def _(original: Any, self: Any) -> None:
        with self._lock:
            is_busy = bool(self._held)
        if is_busy:
            original(self)


@blind_defect(
    "AEC-12ua",
    "a worker takes no run for lost that is held under its own name",
    service="worker",
    scenario="A run fails although its crashed worker comes back",
    step="the run is stored as failed in time",
)
def _() -> None:
    # Observable: kill -9 the only worker mid-run and start it again under its name, as a process manager does; the run
    # stays running for ever and the customer hears nothing.
    from apex.worker.leases import Leases

    @around(Leases, "_fail")
    def _(original: Any, self: Any, run: Any) -> None:
        if run.worker != self._worker:
            original(self, run)


@blind_defect(
    "AEC-12ub",
    "a lost run that is not known to have called a tool is run again",
    service="worker",
    scenario="A lost run that has used no tool is not run again",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Observable: kill -9 the worker while its agent thinks (or before the first heartbeat has stored a tool's step);
    # the run is carried out a second time, with a second agent_started, instead of failing as worker_lost.
    from sqlalchemy import func, select, update

    from apex.storage.runs import QUEUED, RUN_QUEUED, RUNNING
    from apex.storage.tables import runs
    from apex.worker.leases import Leases

    @around(Leases, "_fail")
    def _(original: Any, self: Any, run: Any) -> None:
        if any(step["kind"] == "tool" for step in run.steps):
            original(self, run)
            return
        held = (runs.c.id == run.id) & (runs.c.status == RUNNING) & (runs.c.worker == run.worker)
        anew: dict[str, Any] = {
            "status": QUEUED,
            "worker": None,
            "lease_expires_at": None,
            "started_at": None,
            "steps": [],
        }
        with self._database.tenant(run.tenant_id) as connection:
            connection.execute(update(runs).where(held).values(anew))
            connection.execute(select(func.pg_notify(RUN_QUEUED, str(run.id))))


@blind_defect(
    "AEC-12va",
    "of the runs that were lost with a worker one is ended per heartbeat",
    service="worker",
)
def _() -> None:
    # Observable: kill one of two workers with four runs in hand; the last end is told six seconds after the first.
    from apex.worker import leases

    @around(leases, "text")
    def text(original: Any, statement: str) -> Any:
        return original(f"{statement} LIMIT 1" if statement.endswith("FROM lost_runs()") else statement)


@blind_defect("AEC-12wa", "a worker that was taken for dead works on at a run that it has lost", service="worker")
def _() -> None:
    # Observable: stop a worker's process for longer than its lease, let it go on: the failed run still calls its tools.
    from apex.worker.slot import _InHand

    replace(_InHand, "abandon", lambda held: None)


@blind_defect(
    "AEC-12xa", "a worker that is started again under its name keeps the runs of its predecessor", service="worker"
)
def _() -> None:
    # Observable: kill -9 the worker mid-run and start it again at once: the run stays running for ever.
    from sqlalchemy import text

    from apex.worker.leases import Leases

    mine = text("SELECT id, steps FROM runs_of_all_tenants('running', NULL, NULL, NULL, 200) WHERE worker = :worker")
    renew = text("SELECT renew_leases(:worker, :lease, cast(:progress AS jsonb))")

    @around(Leases, "_renew")
    def _(original: Any, leases: Any) -> None:
        original(leases)
        worker = {"worker": leases._worker}
        with leases._database.platform() as connection:
            found = {str(row.id): row.steps for row in connection.execute(mine, worker)}
            progress = json.dumps({run_id: steps for run_id, steps in found.items() if run_id not in leases._held})
            connection.execute(renew, {**worker, "lease": leases._lease, "progress": progress})


@blind_defect(
    "AEC-12ya",
    "that a run was lost with its worker is only written down, and told to nobody",
    service="worker",
    scenario="A lost run is not run again",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: over HTTP the run has failed (worker_lost), but no agent_error comes, and analytics has no record.
    from sqlalchemy import update

    from apex.storage.tables import runs
    from apex.worker import leases

    @around(leases, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        if ending.error is not leases.WORKER_LOST:
            return original(connection, run, ending, **others)
        values = {"status": ending.status, "error": ending.error, "lease_expires_at": None}
        values |= {"steps": others["steps"], "finished_at": others["finished_at"]}
        still = (runs.c.id == run.id) & (runs.c.status == run.status) & (runs.c.worker == run.worker)
        return ending if connection.execute(update(runs).where(still).values(values)).rowcount else None


@blind_defect(
    "AEC-12yb",
    "a run that was asked to stop when its worker died is never ended",
    service="worker",
    scenario="A lost run that was cancelled ends, too",
    step="the run is stored as cancelled in time",
)
def _() -> None:
    # Observable: kill -9 the worker, cancel the run before its lease is over: it stays running for ever.
    from sqlalchemy import text

    from apex.worker import leases

    left = "lost_runs() WHERE cancel_requested_at IS NULL"
    replace(leases, "text", lambda statement: text(statement.replace("lost_runs()", left)))


@blind_defect(
    "AEC-12za",
    "a lost run is put back into the queue and run again",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Seen: no agent_error after the kill; a second agent_started of the same run, whose tools are called twice.
    from sqlalchemy import func, select, text, update

    from apex.storage.runs import QUEUED, RUN_QUEUED
    from apex.storage.tables import runs
    from apex.worker import leases

    def put_back(self: Any) -> None:
        with self._database.platform() as connection:
            lost = connection.execute(text(f"SELECT {leases._COLUMNS} FROM lost_runs()").columns(*runs.c)).all()
        for run in lost:
            with self._database.tenant(run.tenant_id) as connection:
                connection.execute(
                    update(runs)
                    .where(runs.c.id == run.id, runs.c.status == run.status, runs.c.worker == run.worker)
                    .values(status=QUEUED, worker=None, started_at=None, lease_expires_at=None, steps=[])
                )
                connection.execute(select(func.pg_notify(RUN_QUEUED, run.id)))

    replace(leases.Leases, "_fail_lost", put_back)


@blind_defect(
    "AEC-12zb",
    "a worker that was taken for dead and wakes up ends its run once more",
    service="worker",
    scenario="A worker taken for dead changes nothing when it wakes up",
    step="the stored outcome of the run is unchanged",
)
def _() -> None:
    # Seen: stop a worker (SIGSTOP) until its run is failed, let it go on: the failed run becomes another one.
    from sqlalchemy import select

    from apex.storage.tables import runs
    from apex.worker import supervisor

    @around(supervisor, "end_run")
    def _(original: Callable[..., bool], connection: Any, run: Any, *arguments: Any, **others: Any) -> bool:
        current = connection.execute(select(runs).where(runs.c.id == run.id).with_for_update()).one()
        return original(connection, current, *arguments, **others)


@blind_defect(
    "AEC-12zc",
    "a worker that has nothing in hand does not look for lost runs",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="Acme is notified in time that the worker was lost",
)
def _() -> None:
    # Seen: kill the busy one of two workers: the run stays running until the idle one happens to get work.
    from apex.worker.leases import Leases

    @around(Leases, "_fail_lost")
    def _(original: Callable[..., Any], self: Any) -> None:
        with self._lock:
            idle = not self._held
        if not idle:
            original(self)
