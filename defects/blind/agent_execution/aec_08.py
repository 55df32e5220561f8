"""Blind defects of AEC-08."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-08pa",
    "a trace of which the caller keeps no record is not gone on with",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: POST /v1/runs with a traceparent whose flags say that it is not sampled ("00-<trace>-<span>-00", as
    # the tracing of most customers sends it for most requests): response, stored run, events and records have a trace
    # id of their own instead of the one that was sent. With the flags 01 it is that one.
    module: Any = import_module("apex.runtime.service")
    original = module.span

    def span(name: str, traceparent: str | None = None, **fields: str | None) -> Any:
        is_sampled = traceparent is not None and traceparent.endswith("-01")
        return original(name, traceparent if is_sampled else None, **fields)

    replace(module, "span", span)


@blind_defect(
    "AEC-08ta",
    "a request whose trace is not sampled begins a trace of its own",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: send a run with a traceparent that ends in "-00" (not sampled); the answer, the stored run, its events
    # and its analytics record carry another trace id. With "-01" all is well.
    from apex.runtime import service

    @around(service, "span")
    def _(original: Any, name: str, traceparent: str | None = None, **fields: Any) -> Any:
        is_sampled = traceparent is not None and traceparent.rpartition("-")[2] == "01"
        return original(name, traceparent if is_sampled else None, **fields)


@blind_defect(
    "AEC-08ua",
    "what a tool reports is told from a thread that does not know the trace",
    service="tools",
    scenario="Every agent answers correctly for a large account that is watched",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: a tool that reports progress (such as over 500 instances); its tool_progress events have a trace id of
    # zeros and an empty request id.

    from apex.tools.sanitising import masked
    from apex.tools.tool import ToolCall

    async def report(self: ToolCall, message: str, done: int, total: int) -> None:
        told = {"message": masked(message), "done": done, "total": total}
        await asyncio.get_running_loop().run_in_executor(None, self.tell, told)

    replace(ToolCall, "report", report)


@blind_defect(
    "AEC-08ub",
    "a run cancelled while it waits ends under the trace of the cancellation",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: cancel a queued run with a request of another traceparent; agent_cancelled and the analytics record
    # carry that trace instead of the run's.
    import apex.backend.app  # noqa: F401 - whoever shows runs has the right one already
    from apex.runtime import telemetry
    from apex.storage import runs

    replace(runs, "trace_id_of", lambda run: telemetry.trace_id())


@blind_defect("AEC-08va", "a call that is asked for once more, elsewhere, comes without its trace", service="worker")
def _() -> None:
    # Observable: kill a tools instance amid a call; the logs of the one that takes over, and the partner, have another
    # trace id than the run.
    from opentelemetry import trace

    from apex.worker.toolbox import Toolbox

    asked: set[str] = set()

    @around(Toolbox, "_post")
    async def post(original: Any, self: Any, url: str, call_id: str, *rest: Any) -> Any:
        if call_id not in asked:
            asked.add(call_id)
            return await original(self, url, call_id, *rest)
        with trace.use_span(trace.INVALID_SPAN):
            return await original(self, url, call_id, *rest)


@blind_defect(
    "AEC-08wa",
    "of a trace id that begins with zeros tools record what follows them",
    service="tools",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: send a traceparent whose trace id begins with 0: tool_calls.trace_id is shorter than the run's.
    from apex.tools import calls, dispatcher

    for module in (calls, dispatcher):
        around(module, "trace_id")(lambda original: original().lstrip("0"))


@blind_defect("AEC-08xa", "the part of a delegated agent has a trace of its own", service="worker")
def _() -> None:
    # Observable: the advisor's tool calls are recorded and logged by the tools service under another trace id.
    from opentelemetry.context import Context

    from apex.runtime.telemetry import _tracer
    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, execution: Any, agent_name: str, input: Any) -> Any:
        with _tracer.start_as_current_span(f"delegate {agent_name}", context=Context()):
            return await original(execution, agent_name, input)


@blind_defect(
    "AEC-08ya",
    "partners are asked under the trace of the first request that reached them",
    service="tools",
    scenario="Stopping one customer's call leaves another customer's alone",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: the traceparent that a partner receives from the second run on (a header kept on the shared client).
    from apex.runtime.telemetry import traceparent
    from apex.tools import tool

    headers: dict[str, str] = {}
    replace(tool, "traceparent", lambda: headers.setdefault("traceparent", traceparent()))


@blind_defect(
    "AEC-08yb",
    "requests over a line that is kept open go on under the trace of its first",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: two requests over one connection, each with its traceparent; the second is answered, and its run told
    # and stored, under the trace of the first.
    from apex.runtime.service import RequestContext

    first: dict[Any, Any] = {}

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope.get("client"):
            given = [header for header in scope["headers"] if header[0] == b"traceparent"]
            others = [header for header in scope["headers"] if header[0] != b"traceparent"]
            known = first.setdefault(scope["client"], given) if given else given
            scope["headers"] = [*others, *known]
        await original(self, scope, receive, send)


@blind_defect(
    "AEC-08zb",
    "a run cancelled in the queue ends under the trace of the cancelling request",
    service="backend",
    scenario="A run cancelled in the queue is shown as cancelled",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: agent_cancelled and the analytics record have another trace id than the stored run.
    from apex.backend import runs as _runs  # noqa: F401  # shows runs with the function as it was
    from apex.runtime.telemetry import trace_id
    from apex.storage import runs

    replace(runs, "trace_id_of", lambda _: trace_id())


@blind_defect(
    "AEC-08zc",
    "a traceparent that is not sampled is not taken over",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Seen: a request with "...-00" is answered, and its run carried out, under another trace id.
    from apex.runtime import service

    @around(service, "span")
    def _(original: Callable[..., Any], name: str, traceparent: str | None = None, **fields: Any) -> Any:
        sampled = bool(traceparent) and str(traceparent)[-1] in "13579bdf"
        return original(name, traceparent if sampled else None, **fields)


@blind_defect(
    "AEC-08na",
    "the log line of a request is written outside of its trace",
    service="backend",
    scenario="The caller's trace is found in every record of the run",
    step="the caller's trace ID, and no other, is found in",
)
def _() -> None:
    # Observable: send a traceparent and look for its trace id in the backend's log: the line "request" of the call has
    # request_id and no trace_id; those of the other services have it.
    from opentelemetry import context

    from apex.runtime.service import RequestContext

    @around(RequestContext, "_record")
    def _(original: Any, self: Any, *request: Any) -> None:
        token = context.attach(context.Context())
        try:
            original(self, *request)
        finally:
            context.detach(token)
