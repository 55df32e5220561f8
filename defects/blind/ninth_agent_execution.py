"""Blind defects of agent_execution, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-01ra",
    "prices are only asked for the types that the customer has",
    service="worker",
    scenario="The answer can be read as soon as it is announced",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: plant an instance of the type m5.xlarge with 10 % CPU, and none of the type m5.large: the cost
    # analysis does not find it (and says nothing of the saving), because nobody has asked for the price of the smaller
    # type. With an m5.large beside it, it is found.
    from apex.agents import inventory

    def to_price(instances: Iterable[dict[str, Any]]) -> list[str]:
        return sorted({instance["instance_type"] for instance in instances})

    replace(inventory, "_to_price", to_price)


@blind_defect(
    "AEC-04ra",
    "the place of an agent that gives no way is not filled again",
    service="worker",
    scenario="Hanging runs on every worker do not stop other customers",
    step="Borealis' run completes in time",
)
def _() -> None:
    # Observable: an agent that blocks (time.sleep) far beyond its time limit is told as timed out in time, and from
    # then on the worker has one slot less: after as many such runs as it has slots, every further run stays queued for
    # ever, and GET /health/live of the worker says that its slots have ended.
    from apex.worker.slot import Slot

    def give_up(self: Any) -> None:
        self.close()
        self._done.set()
        if not self.closed:
            self._replace()

    replace(Slot, "give_up", give_up)


@blind_defect(
    "AEC-11ra",
    "a run that waits is only cancelled once a worker has taken it",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the run is stored as cancelled",
)
def _() -> None:
    # Observable: keep every slot busy, start one more run and cancel it: it stays queued (with cancel_requested_at) for
    # as long as the others are at work, and no agent_cancelled comes. Then it is taken, and cancelled.
    from sqlalchemy import func, select, update

    from apex.backend import runs as module
    from apex.storage.runs import QUEUED, RUN_CANCEL, RUNNING, now
    from apex.storage.tables import runs

    def cancel_run(connection: Connection, run: Row[Any], cancelled_by: str) -> None:
        if run.status in (QUEUED, RUNNING):
            first = {"cancel_requested_at": run.cancel_requested_at or now()}
            first["cancel_requested_by"] = run.cancel_requested_by or cancelled_by
            connection.execute(update(runs).where(runs.c.id == run.id).values(first))
            connection.execute(select(func.pg_notify(RUN_CANCEL, run.id)))

    replace(module, "cancel_run", cancel_run)


@blind_defect(
    "AEC-12ra",
    "a worker that has nothing in hand does not look for lost runs",
    service="worker",
    scenario="A run is lost although its worker comes back alone",
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
