"""Requests with IDs of their own, and the events that must carry them."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.matchers.story import SomeEvents
from support.platform.story import Event, events_of
from support.scenario import agents
from support.scenario.agents import Script
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World


@dataclass(frozen=True, slots=True)
class RequestIds:
    """The IDs of one request: those of the run that it started, and its own."""

    user: str
    thread: str
    run: str
    request: str
    trace: str


@dataclass(frozen=True, slots=True)
class Requests:
    """The IDs of the requests of a scenario."""

    ids: tuple[RequestIds, ...]


def research(world: World, user: User) -> Script:
    """Work for an agent whose tool reports its progress twice."""
    path = own_path(user)
    world.partner.delay(path, 0.0)
    return agents.researching([[path, path]])


def some_runs(
    agent: str,
    *,
    at_once: bool,
    threads: int = 2,
    runs: int = 2,
    input_for: Callable[[World, User], Script | None] = lambda world, user: None,
) -> Work:
    """So many runs, in a conversation each or all in one, with a request ID each; all have ended when it returns."""

    def run_all(world: World, user: User) -> RunHandle:
        ids, thread, given, request = [], "", input_for(world, user), f"Request-{uuid.uuid4().hex}"
        for number in range(1, runs + 1):
            if number <= threads:
                thread = world.platform.create_thread(user, f"Thread {number}").require().id
            # From one to the next they differ in nothing but small and capital letters.
            request = request.swapcase()
            run = world.running(user, agent, input=given, thread_id=thread, request_id=request)
            ids.append(RequestIds(user.id, thread, run.run_id, request, run.trace_id))
            if not at_once:
                world.ended(run)
        for run in world.runs:
            world.ended(run)
        world.keep(Requests(tuple(ids)))
        return world.last_run

    return run_all


def carries(name: str, requests: Sequence[RequestIds]) -> BaseMatcher[SomeEvents]:
    """Every request caused events, and each event carries the ID of its own request.

    :param name: ``user``, ``thread``, ``run``, ``request`` or ``trace``.
    :raises AttributeError: there is no ID of that name.
    """
    # An event is assigned to its request by the run's ID; when that is the one to judge, by the trace ID.
    assigned_by = "trace" if name == "run" else "run"
    expected = {getattr(each, assigned_by): getattr(each, name) for each in requests}

    def fault(event: Event) -> str | None:
        assigned, carried = getattr(event, f"{assigned_by}_id"), getattr(event, f"{name}_id")
        if assigned not in expected:
            return f"{event.type} belongs to no request ({assigned_by} ID {assigned})"
        if carried != expected[assigned]:
            return f"{event.type} carries the {name} ID {carried} instead of {expected[assigned]}"
        return None

    def faults(observed: SomeEvents) -> list[str]:
        events = events_of(observed)
        if not events:
            return ["there are no events"]
        seen = {getattr(event, f"{assigned_by}_id") for event in events}
        without = [f"no event of the request with the {assigned_by} ID {each}" for each in expected if each not in seen]
        return without + [found for event in events if (found := fault(event))]

    return faultless(f"events that carry the {name} ID of the request that caused them", faults)
