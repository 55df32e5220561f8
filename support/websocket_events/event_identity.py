"""Requests with identities of their own, to be found again in what they cause."""

import uuid

from support.scenario.agents import Agent
from support.scenario.users import User
from support.scenario.world import World
from support.websocket_events.event_identity_matchers import Asked


def in_two_threads(world: World, user: User, agent: Agent, *, side_by_side: bool) -> None:
    """Ask for a run in each of two threads, each under a request of its own, and wait until both have ended."""
    asked: list[Asked] = []
    for number in (1, 2):
        thread = world.platform.create_thread(user, f"Thread {number}").require()["id"]
        request = f"asked-{uuid.uuid4().hex}"
        run = world.running(user, agent.wire, thread_id=thread, request_id=request)
        asked.append(Asked(user.id, thread, run.run_id, request, run.trace_id))
        if not side_by_side:
            world.ended(run)
    for run in world.runs:
        world.ended(run)
    world.facts["asked"] = asked
