"""Blind defects of service_coordination, third round, written from the promises alone."""

from __future__ import annotations

import time
import uuid
from typing import Any

from defects import blind_defect
from defects._patching import around


@blind_defect("CSC-01xa", "tools record the calls of a delegated agent under a run of its own", service="worker")
def _() -> None:
    # Observable: an advisor's run has four tool calls in its usage, and none in tool_calls under its id.
    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def _(original: Any, toolbox: Any, call_id: str, name: str, parameters: Any, story: Any, caller: Any) -> Any:
        if story["delegated"]:
            story = {**story, "run_id": str(uuid.uuid5(uuid.UUID(story["run_id"]), story["agent_name"]))}
        return await original(toolbox, call_id, name, parameters, story, caller)


@blind_defect(
    "CSC-02xa",
    "of what a tool reports during a call only the first report is told",
    service="tools",
    scenario="A tool's progress reports arrive in causal order",
    step="each progress report came after the start and before the end of its tool call",
)
def _() -> None:
    # Observable: 1,200 instances are read in three batches: one tool_progress comes, the others never do.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, stream: Any, event: Any) -> Any:
        return original(stream, event, f"progress:{event.payload['call_id']}")


@blind_defect(
    "CSC-03xa",
    "a running instance is not found again after its registration was lost",
    service="tools",
    scenario="Instances are found again after the register could not be reached",
    step="the operator finds both tools instances in time",
)
def _() -> None:
    # Observable: flush Redis, or let an instance be silent for a lease: /v1/operations/instances lists it no more.
    from apex.runtime.discovery import Registry

    @around(Registry, "register")
    def _(original: Any, registry: Any, instance: Any) -> None:
        if "_is_known" not in registry.__dict__:
            original(registry, instance)
            registry.__dict__["_is_known"] = True
            return
        milliseconds = round(registry.settings.lease_seconds * 1000)
        registry._register.registered_client.pexpire(registry._prefix + instance.name, milliseconds)


@blind_defect("CSC-04xa", "the list of tools is asked of the first instance only", service="backend")
def _() -> None:
    # Observable: kill the first of two instances: GET /v1/tools answers 503 until its lease is over.
    from apex.backend import tools

    around(tools, "_urls")(lambda original, instances: original(instances)[:1])


@blind_defect(
    "CSC-05xa",
    "a worker keeps its token for the tools by organisation: colleagues' jobs are done as one's",
    service="worker",
)
def _() -> None:
    # Observable: two colleagues have runs at once: all tool calls are recorded under one of them, with that one's role.
    from apex.worker import toolbox

    known: dict[str, tuple[str, float]] = {}

    @around(toolbox, "service_token")
    def _(original: Any, settings: Any, service: str, audience: str, subject: Any, seconds: float) -> str:
        token, until = known.get(subject["tenant_id"], ("", 0.0))
        if time.monotonic() >= until:
            token = original(settings, service, audience, subject, seconds)
            known[subject["tenant_id"]] = token, time.monotonic() + seconds / 2
        return token
