"""Blind defects of AEC-07."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-07qa",
    "the duration of a run is told in whole seconds",
    service="backend",
    scenario="Operators see their own runs, too",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run whose steps last 1.4 s together (GET /v1/operations/runs, and GET /v1/runs/{id}) has
    # duration_seconds 1.0; one of less than a second has 0.0. started_at and finished_at are right.
    from apex.backend import operations, runs

    original = runs.fields

    def fields(row: Row[Any]) -> dict[str, Any]:
        ended = row.started_at is not None and row.finished_at is not None
        return {**original(row), "duration_seconds": (row.finished_at - row.started_at).seconds if ended else None}

    for module in (runs, operations):
        replace(module, "fields", fields)


@blind_defect(
    "AEC-07sa",
    "the step of calls side by side is over with the first of them",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that reading the price list took as long as the partner, and no other step did",
)
def _() -> None:
    # Observable: two tools side by side, one of 0.1 s and one of 2 s; the run's steps have some 0.1 s for both of them,
    # and two seconds of an agent that works by itself. The sum is right.
    from apex.worker.tracker import Tracker

    @around(Tracker, "call_ended")
    def _(original: Any, self: Any, tool_name: str, agent_name: str) -> None:
        original(self, tool_name, agent_name)
        if self.steps[-1]["kind"] == "tool":
            self.working(agent_name)


@blind_defect(
    "AEC-07ua",
    "from the second page on the operators' list forgets the wanted state",
    service="backend",
    scenario="Every run is found by its status",
    step="each of Acme's runs is found by its status alone",
)
def _() -> None:
    # Observable: an operator pages through the runs of one state (more than a page of them, others in between); the
    # following pages show runs of every state.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    status = "CASE WHEN CAST(:behind_time AS timestamptz) IS NULL THEN CAST(:status AS text) END"
    statement = text(
        f"SELECT {operations._COLUMNS} FROM "
        f"runs_of_all_tenants({status}, CAST(:tenant AS uuid), :behind_time, :behind_id, :size)"
    ).columns(*runs.c)
    replace(operations, "_RUNS_OF_ALL", statement)


@blind_defect(
    "AEC-07ub",
    "the time in which a run was lost or gave no way belongs to no step",
    service="worker",
    scenario="All runs of a lost worker fail in time",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: a run whose worker was killed, or whose agent blocked past its limit; its steps' durations add up to
    # less than the run's duration.
    from apex.worker import leases

    @around(leases, "_accounted")
    def _(original: Any, *given: Any) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = original(*given)
        return steps[:-1]


@blind_defect(
    "AEC-07va",
    "operators' pages go by whole seconds: runs begun in the second of a page's end are lost",
    service="backend",
    scenario="The pages of the list show every run once",
    step="each of Acme's runs is shown once, the newest first",
)
def _() -> None:
    # Observable: five runs asked for at once; an operator who pages through them by two does not meet them all.
    from apex.backend import operations

    @around(operations, "next_cursor")
    def next_cursor(original: Any, rows: Any, limit: int) -> str | None:
        cursor = original(rows, limit)
        if cursor is None:
            return None
        microseconds, _, row_id = cursor.partition("_")
        return f"{int(microseconds) // 1_000_000 * 1_000_000}_{row_id}"


@blind_defect(
    "AEC-07wa",
    "a tool's step is as long as the tool says that it was at work",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that the steps add up to the run's duration",
)
def _() -> None:
    # Observable: where a call waits for a thread or a second instance, the steps add up to less than the run.
    from apex.worker.execution import Execution
    from apex.worker.tracker import Tracker

    @around(Execution, "_used")
    def _(original: Any, execution: Any, call: Any) -> None:
        original(execution, call)
        execution._tracker.__dict__["_said"] = call.duration_seconds

    @around(Tracker, "_leave")
    def _(original: Any, tracker: Any, moment: Any) -> None:
        original(tracker, moment)
        said = tracker.__dict__.pop("_said", None)
        if said is not None and tracker.steps[-1]["kind"] == "tool":
            tracker.steps[-1]["duration_seconds"] = said


@blind_defect(
    "AEC-07xa",
    "operators do not see the runs that operators have begun",
    service="backend",
    scenario="Operators see their own runs, too",
    step="the list of all runs begins with that run",
)
def _() -> None:
    # Observable: an operator starts a run; it is in no page of /v1/operations/runs.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    others = f"{vars(operations._RUNS_OF_ALL.element)['text']} WHERE caller->>'role' <> 'operator'"
    replace(operations, "_RUNS_OF_ALL", text(others).columns(*runs.c))


@blind_defect(
    "AEC-07ya",
    "operators who ask for a state are given those of the newest runs that are in it",
    service="backend",
    scenario="Every run is found by its status",
    step="each of Acme's runs is found by its status alone",
)
def _() -> None:
    # Observable: ?status=failed&limit=1 is empty when a run of another state is newer; likewise behind 50 newer runs.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    everything = str(vars(operations._RUNS_OF_ALL.element)["text"]).replace("(:status, ", "(NULL, ")
    some = f"{everything} WHERE cast(:status AS text) IS NULL OR status = cast(:status AS text)"
    replace(operations, "_RUNS_OF_ALL", text(some).columns(*runs.c))


@blind_defect(
    "AEC-07yb",
    "steps of less than fifty milliseconds are left out when a run ends",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that the steps add up to the run's duration",
)
def _() -> None:
    # Observable: the durations of the steps do not add up to the run's; a quick run has no steps at all.
    from apex.worker.tracker import Tracker

    @around(Tracker, "finish")
    def _(original: Any, self: Any) -> Any:
        finished_at, steps, usage = original(self)
        return finished_at, [step for step in steps if step["duration_seconds"] >= 0.05], usage


@blind_defect(
    "AEC-07za", "of a lost run the time that nobody can account for is left out of the steps", service="worker"
)
def _() -> None:
    # Seen: the steps of a run whose worker was lost do not add up to its duration.
    from apex.worker import leases

    def accounted(_: Any, known: list[dict[str, Any]], *__: Any) -> list[dict[str, Any]]:
        return [step for step in known if step["duration_seconds"] is not None]

    replace(leases, "_accounted", accounted)


@blind_defect(
    "AEC-07zb",
    "operators do not see runs that were cancelled before they began",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the operator sees Acme's run as cancelled",
)
def _() -> None:
    # Seen: cancel a queued run; it is in nobody's list but its owner's.
    from sqlalchemy import text

    from apex.backend import operations
    from apex.storage.tables import runs

    everything = str(vars(operations._RUNS_OF_ALL.element)["text"])
    some = f"{everything} WHERE started_at IS NOT NULL OR status = 'queued'"
    replace(operations, "_RUNS_OF_ALL", text(some).columns(*runs.c))


@blind_defect(
    "AEC-07zc",
    "the step of tools side by side ends with the first of them",
    service="worker",
    scenario="The durations of the steps add up to the run's duration",
    step="the operator sees that reading the price list took as long as the partner, and no other step did",
)
def _() -> None:
    # Seen: a slow and a quick tool called together: the tools' step is as short as the quick one.
    from apex.worker.tracker import Tracker

    def call_ended(self: Any, tool_name: str, agent_name: str) -> None:
        self._open_calls.remove(tool_name)
        self.working(agent_name)

    replace(Tracker, "call_ended", call_ended)
