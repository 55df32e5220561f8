"""Blind defects of service_coordination, fifth round, written from the promises alone."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CSC-01va", "the analytics record of a run that was lost with its worker has no tool calls", service="worker"
)
def _() -> None:
    # Observable: kill a worker amid a run's second call; its job has tool_calls 0, the tools' record has two calls.
    from apex.storage import runs

    replace(runs, "_recorded_calls", lambda connection, run: 0)


@blind_defect(
    "CSC-02va",
    "what a tool reports while its customer is not connected is told to nobody, ever",
    service="tools",
    scenario="A second instance is found after it starts",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: a socket is closed for a minute, a run reports its progress, the socket resumes: no tool_progress.
    from redis.exceptions import RedisError

    from apex.tools.dispatcher import Dispatcher

    @around(Dispatcher, "_teller")
    def teller(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        tell = original(self, call_id, tool, request, caller)

        def tell_who_listens(report: dict[str, Any]) -> None:
            try:
                present = self._stream.connected_users(2 * self._settings.backend.heartbeat_seconds)
            except RedisError:
                return
            if caller["user_id"] in present:
                tell(report)

        return tell_who_listens


@blind_defect(
    "CSC-03va", "instances are told apart by their machine: a second one there hides the first", service="tools"
)
def _() -> None:
    # Observable: two tools instances on one host; GET /v1/operations/instances never has more than one of them.
    from urllib.parse import urlsplit

    from apex.runtime import service

    @around(service, "instance_of")
    def instance(original: Any, *of: Any) -> Any:
        found = original(*of)
        return changed(found, name=urlsplit(found.url).hostname or found.name)


@blind_defect(
    "CSC-04va",
    "a call that was at work for twenty seconds is not asked for again when its instance dies",
    service="worker",
)
def _() -> None:
    # Observable: kill one of two tools instances 25 s into a call; the run fails with "could not be reached".
    import time

    import httpx

    from apex.worker.toolbox import Toolbox

    first_asked: dict[str, float] = {}

    @around(Toolbox, "_post")
    async def post(original: Any, self: Any, url: str, call_id: str, *rest: Any) -> Any:
        given_up_at = first_asked.setdefault(call_id, time.monotonic()) + self._patience
        try:
            return await original(self, url, call_id, *rest)
        except httpx.TransportError as error:
            if time.monotonic() > given_up_at:
                raise httpx.ReadTimeout("the call has taken too long") from error
            raise


@blind_defect(
    "CSC-05va",
    "stopping a job stops the other jobs that are at work in its thread",
    service="backend",
    scenario="Cancelling a run leaves the other run of its conversation alone",
    step="the other run of the conversation completes",
)
def _() -> None:
    # Observable: two runs in one thread, the first is cancelled over HTTP; the second ends as cancelled, too.
    from sqlalchemy import select

    from apex.backend import runs
    from apex.storage.runs import ENDED
    from apex.storage.tables import runs as table

    @around(runs, "cancel_run")
    def cancel_run(original: Any, connection: Any, run: Any, cancelled_by: str) -> None:
        at_work = select(table).where(table.c.thread_id == run.thread_id, table.c.status.not_in(ENDED))
        for each in connection.execute(at_work.with_for_update()).all():
            original(connection, each, cancelled_by)
