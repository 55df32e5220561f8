"""Blind defects of AEC-09."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-09oa",
    "the refusal of an unknown agent names only those agents whose names are alike",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: POST /v1/runs with agent_name "forecast": 422 unknown_agent as before, but known_agents is empty and
    # the detail names nobody, so that who asks does not learn what there is. With "cost_analisys" it names
    # cost_analysis alone, and none of the others.
    import difflib

    from apex.agents import Agent, AgentRegistry
    from apex.backend import runs
    from apex.http.problems import Problem

    def known_agent(registry: AgentRegistry, name: str) -> Agent:
        agent = registry.find(name)
        if agent is None:
            alike = difflib.get_close_matches(name, [each.name for each in registry])
            hint = f"; did you mean {' or '.join(alike)}?" if alike else "."
            raise Problem(
                422,
                "unknown_agent",
                f"There is no agent of this name{hint}",
                errors=[{"field": "agent_name", "message": "unknown agent"}],
                known_agents=alike,
            )
        return agent

    replace(runs, "known_agent", known_agent)


@blind_defect(
    "AEC-09ua",
    "an agent's name that is nearly right starts the agent of the nearest name",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: ask for "cost_analysi" or "Cost-Analysis": a run of cost_analysis is stored and carried out instead of
    # a refusal.
    from difflib import get_close_matches

    from apex.backend import runs

    @around(runs, "known_agent")
    def _(original: Any, registry: Any, name: str) -> Any:
        names = [agent.name for agent in registry]
        near = get_close_matches(name.lower(), names, n=1, cutoff=0.8)
        return original(registry, near[0] if name not in names and near else name)


@blind_defect(
    "AEC-09ub",
    "the refusal of an unknown agent names the first three agents only",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: ask for an unknown agent; "known_agents" and the text lack the fourth and later ones of GET
    # /v1/agents.

    runs: Any = import_module("apex.backend.runs")

    @around(runs, "known_agent")
    def _(original: Any, registry: Any, name: str) -> Any:
        try:
            return original(registry, name)
        except runs.Problem as problem:
            few = problem.members["known_agents"][:3]
            raise runs.Problem(
                422,
                "unknown_agent",
                f"There is no agent of this name; the agents are {', '.join(few)}.",
                errors=problem.members["errors"],
                known_agents=few,
            ) from None


@blind_defect(
    "AEC-09va",
    "an unknown variant of an agent, as cost_analysis:v9, is taken for the agent itself",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: POST /v1/runs with the agent_name "cost_analysis:v9" is a run, where it should be refused.
    import re

    from apex.backend import runs

    @around(runs, "known_agent")
    def known_agent(original: Any, registry: Any, name: str) -> Any:
        return original(registry, re.split("[:@]", name)[0])


@blind_defect(
    "AEC-09wa",
    "a question to an unknown agent is a job in the customer's analytics",
    service="backend",
    scenario="A refused request is not counted",
    step="only Acme's next run is counted against the allowance",
)
def _() -> None:
    # Observable: ask an unknown agent; /v1/jobs of the analytics has a job of a run that never was.
    from structlog.contextvars import get_contextvars

    from apex.backend import runs
    from apex.runtime.telemetry import trace_id
    from apex.storage.runs import FAILED, now
    from apex.storage.stream import rfc3339
    from apex.storage.tables import outbox

    @around(runs, "routes")
    def _(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        @around(runs, "known_agent")
        def _(find: Any, registry: Any, name: str) -> Any:
            if registry.find(name) is None:
                who = {each: get_contextvars()[each] for each in ("tenant_id", "user_id")}
                ids = {each: str(uuid.uuid4()) for each in ("record_id", "run_id")}
                what = {"agent_name": name, "status": FAILED, "duration_seconds": 0.0, "tool_calls": 0}
                record = {**who, **ids, **what, "trace_id": trace_id(), "finished_at": rfc3339(now())}
                with database.tenant(who["tenant_id"]) as connection:
                    row = {"tenant_id": who["tenant_id"], "topic": "analytics", "payload": record}
                    connection.execute(outbox.insert().values(row))
            return find(registry, name)

        return original(database, registry, settings)


@blind_defect(
    "AEC-09xa",
    "a refused question has taken a number of the user's stream",
    service="backend",
    scenario="The error names every known agent",
    step="the resources oracle finds nothing",
)
def _() -> None:
    # Observable: an unknown agent is asked; with the next event open sockets get a resync_required for nothing.
    from redis import Redis
    from structlog.contextvars import get_contextvars

    from apex.backend import runs
    from apex.http.problems import Problem

    @around(runs, "routes")
    def _(original: Any, database: Any, registry: Any, settings: Any) -> Any:
        client = Redis.from_url(settings.redis.url.get_secret_value())

        @around(runs, "known_agent")
        def _(find: Any, registry: Any, name: str) -> Any:
            try:
                return find(registry, name)
            except Problem:
                client.hincrby(f"stream:{get_contextvars()['user_id']}", "sequence", 1)
                raise

        return original(database, registry, settings)


@blind_defect(
    "AEC-09ya",
    "who has named an unknown agent five times is refused for a minute, whatever is asked",
    service="backend",
    scenario="Whoever was refused several times can still run an agent",
    step="Acme can finish a usage report",
)
def _() -> None:
    # Observable: the refusals cost something: after the fifth, a run of a known agent is answered with 429.
    import time
    from collections import defaultdict

    from structlog.contextvars import get_contextvars

    from apex.agents import AgentRegistry
    from apex.http.problems import rate_limited

    missed: dict[str, list[float]] = defaultdict(list)

    @around(AgentRegistry, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        of_tenant, moment = missed[get_contextvars().get("tenant_id", "")], time.monotonic()
        of_tenant[:] = [at for at in of_tenant if moment - at < 60]
        if len(of_tenant) >= 5:
            raise rate_limited(60, 5, 5 / 60)
        agent = original(self, name)
        if agent is None:
            of_tenant.append(moment)
        return agent


@blind_defect(
    "AEC-09yb",
    "whether there is an agent is left to the worker, which fails the run of an unknown one",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Observable: an unknown name is answered with 202; a run is stored, its failure is told, and no agents are named.
    from types import SimpleNamespace

    from apex.agents import AgentRegistry

    @around(AgentRegistry, "find")
    def _(original: Any, self: Any, name: str) -> Any:
        return original(self, name) or SimpleNamespace(name=name, description=name)


@blind_defect(
    "AEC-09za",
    "a refused question leaves an empty thread behind",
    service="backend",
    scenario="A refused request leaves no run, conversation or event",
    step="Acme has no run and no conversation",
)
def _() -> None:
    # Seen: after the refusal the customer's list of threads is longer by one.
    from apex.backend.threads import new_thread
    from apex.http.identity import acting_as
    from apex.http.problems import Problem
    from defects.blind._backend_endpoints import around_endpoint

    def start(database: Any, endpoint: Callable[..., Any], request: Any, identity: Any) -> Any:
        try:
            return endpoint(request=request, identity=identity)
        except Problem as problem:
            if problem.code == "unknown_agent" and request.thread_id is None:
                with acting_as(database, identity) as connection:
                    new_thread(connection, identity, request.agent_name)
            raise

    around_endpoint("POST", "/v1/runs", start)


@blind_defect(
    "AEC-09zb",
    "the beginning of a name is enough to find an agent",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Seen: asking for "cost" starts a run of cost_analysis instead of being refused.
    from apex.agents.registry import AgentRegistry

    @around(AgentRegistry, "find")
    def _(original: Callable[..., Any], self: Any, name: str) -> Any:
        return original(self, name) or next((agent for agent in self if agent.name.startswith(name)), None)


@blind_defect(
    "AEC-09zc",
    "the refusal names the first three agents only",
    service="backend",
    scenario="The error names every known agent",
    step="the error names every known agent",
)
def _() -> None:
    # Seen: known_agents lacks usage_report, which GET /v1/agents has.
    from apex.backend import runs

    @around(runs, "Problem")
    def _(original: Callable[..., Any], *arguments: Any, **members: Any) -> Any:
        if "known_agents" in members:
            members["known_agents"] = members["known_agents"][:3]
        return original(*arguments, **members)
