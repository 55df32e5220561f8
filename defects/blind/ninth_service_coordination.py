"""Blind defects of service_coordination, written from the promises alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01ra",
    "tool calls side by side are one call in the job record",
    service="worker",
    scenario="A cost analysis is recorded once by every service that took part",
    step="every service has one record of each job, and all records agree",
)
def _() -> None:
    # Observable: the cost analysis makes three calls, two of them side by side: the usage of the run and the records of
    # the tools service say 3, the record of the same job in analytics (GET /v1/jobs) says tool_calls 2.
    from apex.storage import runs
    from apex.worker import leases, supervisor

    class Recording:
        """The connection, over which the job record is written with the number of the steps that were calls."""

        def __init__(self, connection: Any, steps: list[dict[str, Any]]) -> None:
            self._connection = connection
            self._calls = sum(1 for step in steps if step["kind"] == "tool")

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, statement: Any, rows: Any = None) -> Any:
            for row in rows if isinstance(rows, list) else []:
                if row["topic"] == "analytics":
                    row["payload"]["tool_calls"] = self._calls
            return self._connection.execute(statement, rows)

    original = runs.end_run

    def end_run(connection: Any, run: Any, ending: Any, *, steps: list[dict[str, Any]], **others: Any) -> Any:
        recording: Any = Recording(connection, steps)
        return original(recording, run, ending, steps=steps, **others)

    for module in (runs, supervisor, leases):
        replace(module, "end_run", end_run)


@blind_defect(
    "CSC-03ra",
    "an instance registers with the configured address, wherever it listens",
    service="tools",
    scenario="A second instance is found after it starts",
    step="Acme's next job runs on both tools instances",
)
def _() -> None:
    # Observable: start a second instance of tools with --port and --advertise: GET /v1/operations/instances lists it by
    # its name, but with the address of the first; calls never reach it, and with the first one gone no tool answers.
    from dataclasses import replace as changed

    from apex.config.live import Configuration
    from apex.runtime import mesh
    from apex.runtime import service as module
    from apex.runtime.discovery import Instance
    from apex.settings import Listener

    original = mesh.instance_of

    def instance_of(service: str, name: str, configuration: Configuration) -> Instance:
        listener: Listener = getattr(configuration.settings, service)
        configured = str(configuration.value(f"{service}.url"))
        url = configured or f"http://{listener.host}:{configuration.value(f'{service}.port')}"
        return changed(original(service, name, configuration), url=url)

    replace(mesh, "instance_of", instance_of)
    replace(module, "instance_of", instance_of)


@blind_defect(
    "CSC-04ra",
    "a call is given up before its dead instance is known to be gone",
    service="worker",
    scenario="One of two instances crashes while both are working",
    step="each job has its own results, and the partner has answered each request once",
)
def _() -> None:
    # Observable: kill -9 one of two tools instances while it carries out calls: the other one refuses them
    # (in_progress) until the lease of the first is over, which is longer than the worker goes on asking. Those runs end
    # with agent_error, or partial; their tool_completed says that the tool is still carrying out the call.
    from apex.runtime.discovery import Directory
    from apex.settings import Settings
    from apex.worker.toolbox import _LEASES, Toolbox

    @around(Toolbox, "__init__")
    def _init(original: Callable[..., None], self: Any, settings: Settings, directory: Directory) -> None:
        original(self, settings, directory)
        self._patience = _LEASES * settings.discovery.heartbeat_seconds


@blind_defect(
    "CSC-05ra",
    "of the runs that were started under one trace only the first is told its end",
    service="worker",
    scenario="Twenty jobs of one customer run under one trace",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: start two runs, or fifty, with the same traceparent: each of them is completed, and has its answer
    # over HTTP, but one agent_completed is all that their owners ever receive: ends are known again by their trace.
    from apex.storage.stream import Event
    from apex.worker.relay import EventRelay

    @around(EventRelay, "_publish")
    def _publish(original: Callable[..., None], self: Any, event: Event, delivery_id: str) -> None:
        of_run = bool(delivery_id) and event.run_id is not None
        original(self, event, event.trace_id if of_run else delivery_id)
