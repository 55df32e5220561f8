"""Blind defects of WSE-05."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-05oa",
    "what a tool reports is told under a request id of its own",
    service="worker",
    scenario="A tool's progress reports carry the IDs of their request, too",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: start a cost analysis of more than 500 running instances (or a plugin's tool that reports) with the
    # header x-request-id: all events of the run have that id, only trace.request_id of tool_progress is another, which
    # is in no answer of the API; the tools service's log has it, too. The trace id is right.
    import httpx

    from apex.http.identity import service_token
    from apex.runtime.telemetry import traceparent
    from apex.worker import toolbox

    async def _post(self: Any, url: str, call_id: str, call: dict[str, Any], caller: dict[str, str]) -> httpx.Response:
        token = service_token(self._settings, "worker", "apex-tools", caller, toolbox._TOKEN_SECONDS)
        # The trace says what belongs together.
        headers = {"authorization": f"Bearer {token}", "idempotency-key": call_id, "traceparent": traceparent()}
        response: httpx.Response = await self._http.post(url, json=call, headers=headers)
        return response

    replace(toolbox.Toolbox, "_post", _post)


@blind_defect(
    "WSE-05pa",
    "what a tool reports has the id of the worker's request, not of the customer's",
    service="worker",
    scenario="A tool's progress reports carry the IDs of their request, too",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: start a run that reads the use of more than 500 instances (or calls a tool that reports its progress)
    # with an x-request-id: each tool_progress has another request_id in its trace, made up by the tools service, than
    # the response and all other events of the run. The trace id is right. So it is in the log of the tools service.
    from apex.http.identity import service_token
    from apex.runtime.telemetry import traceparent
    from apex.worker.toolbox import _TOKEN_SECONDS, Toolbox

    async def post(self: Any, url: str, call_id: str, call: dict[str, Any], caller: dict[str, str]) -> Any:
        token = service_token(self._settings, "worker", "apex-tools", caller, _TOKEN_SECONDS)
        headers = {"authorization": f"Bearer {token}", "idempotency-key": call_id, "traceparent": traceparent()}
        return await self._http.post(url, json=call, headers=headers)

    replace(Toolbox, "_post", post)


@blind_defect(
    "WSE-05qa",
    "a run that is cancelled while it waits ends under the ids of that request",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: keep every slot busy, start a run with one traceparent and X-Request-Id and cancel it with others:
    # trace_id and request_id of its agent_cancelled (and the trace_id of its job record) are those of the cancelling
    # request, not of the one that has asked for the run. A run that was at work when it was cancelled has the right
    # ones.
    from types import SimpleNamespace

    from apex.runtime.telemetry import request_id, traceparent
    from apex.storage import runs

    @around(runs, "end_run")
    def end_run(original: Callable[..., Any], connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        asked = {"request_id": request_id(), "traceparent": traceparent()}
        return original(connection, SimpleNamespace(**{**run._mapping, **asked}), ending, **others)


@blind_defect(
    "WSE-05ua",
    "events carry no more than 36 characters of a request id",
    service="worker",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: start a run with an x-request-id of 37 to 100 characters (which is accepted and answered in full); the
    # events of the run carry its beginning only.
    from defects._events import envelopes

    def cut(frame: dict[str, Any]) -> None:
        frame["trace"]["request_id"] = frame["trace"]["request_id"][:36]

    envelopes(cut)


@blind_defect(
    "WSE-05ub",
    "a run that is ended over its slot's head is told without its request id",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: agent_error of a run whose worker was killed, or whose agent blocked past its limit: request_id is
    # empty, against the request's and the schema.
    from types import SimpleNamespace

    from apex.runtime.telemetry import request_id
    from apex.worker import leases

    @around(leases, "end_run")
    def _(original: Any, connection: Any, run: Any, ending: Any, **others: Any) -> Any:
        told = SimpleNamespace(**{**run._mapping, "request_id": request_id()})
        return original(connection, told, ending, **others)


@blind_defect(
    "WSE-05va",
    "a request whose traceparent is not sampled is given a trace of its own",
    service="backend",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: POST /v1/runs with traceparent 00-<trace>-<span>-00: trace_id of the run and of its events is another.
    from apex.runtime import service

    @around(service, "span")
    def span(original: Any, name: str, traceparent: str | None = None, **fields: Any) -> Any:
        is_sampled = traceparent is not None and traceparent.endswith("1")
        return original(name, traceparent if is_sampled else None, **fields)


@blind_defect("WSE-05wa", "who gives no request id is answered with another than that of the events", service="backend")
def _() -> None:
    # Observable: POST /v1/runs without x-request-id; the answer's header is not trace.request_id of the run's events.
    import uuid

    from apex.runtime.service import RequestContext

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if each[0] != b"x-request-id"]
                message["headers"] = [*kept, (b"x-request-id", str(uuid.uuid4()).encode())]
            await send(message)

        is_given = any(name == b"x-request-id" for name, _ in scope.get("headers", ()))
        await original(self, scope, receive, send if is_given else answer)


@blind_defect(
    "WSE-05xa",
    "a notice bears a request id of its own",
    service="backend",
    scenario="A maintenance notice reaches every connected user of every segment once",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: the notice event's trace.request_id is not the x-request-id of the operator's request.
    import uuid

    from apex.backend import operations

    replace(operations, "request_id", lambda: str(uuid.uuid4()))


@blind_defect(
    "WSE-05ya",
    "a run that is ended over the head of its slot ends under a trace of its own",
    service="worker",
    scenario="The customer is notified in time that the worker was lost",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: kill a worker; the agent_error of its run has another trace id than the events before.
    from apex.runtime.telemetry import trace_id
    from apex.storage import runs
    from apex.worker import leases

    @around(leases, "span")
    def _span(original: Any, name: str, _: Any = None, **fields: Any) -> Any:
        return original(name, **fields)

    replace(runs, "trace_id_of", lambda _: trace_id())


@blind_defect(
    "WSE-05yb",
    "a request id that is a UUID is kept without its hyphens",
    service="backend",
    scenario="Each kind of failure has its own error event",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: the x-request-id of the answer to POST /v1/runs is not the request id of the run's events.
    from apex.backend import runs

    @around(runs, "request_id")
    def _request_id(original: Any) -> str:
        known: str = original()
        with suppress(ValueError):
            return UUID(known).hex
        return known


@blind_defect(
    "WSE-05za",
    "a request id of the customer's own is kept to 36 characters",
    service="backend",
    scenario="Concurrent runs in two conversations keep their IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: the answer's X-Request-ID is the long one that was sent, the events and the stored run have its beginning.
    from apex.backend import runs

    @around(runs, "request_id")
    def _(original: Callable[..., str]) -> str:
        return original()[:36]


@blind_defect(
    "WSE-05zb",
    "a tool is called without the request's id",
    service="worker",
    scenario="A tool's progress reports carry the IDs of their request, too",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: tool_progress has a request id that nobody has sent, other than the rest of the story.
    from apex.worker import toolbox

    replace(toolbox, "request_id", lambda: "")


@blind_defect(
    "WSE-05zc",
    "events of a follow-up carry the trace of the thread's first request",
    service="worker",
    scenario="A follow-up in the same conversation has its own IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Seen: two runs in one thread, two traceparents; all but the last event of the second have the first's.
    from apex.worker import tracker

    of_thread: dict[str, str] = {}

    @around(tracker, "trace_id_of")
    def _(original: Callable[..., str], run: Any) -> str:
        return of_thread.setdefault(run.thread_id, original(run))


@blind_defect(
    "WSE-05na",
    "a request id of the customer's own is kept in lower case for its run",
    service="backend",
    scenario="A follow-up in the same conversation has its own IDs",
    step="every event carries these IDs of its own request",
)
def _() -> None:
    # Observable: POST /v1/runs with X-Request-Id "Order-4711-A": the answer has it in its header, the run and all of
    # its events have "order-4711-a".
    from apex.backend import runs

    @around(runs, "request_id")
    def _(original: Any) -> str:
        return str(original()).lower()
