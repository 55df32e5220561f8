"""Requests of different kinds by many people at once, with what each of them must be answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from support.business_data.agent_state import KEEPER
from support.cloud.savings import UsageRecords
from support.load import populations
from support.load.http_crowd import Crowd, Request
from support.platform.outcome import Outcome
from support.scenario.agents import PROBE, Agent
from support.scenario.users import User
from support.scenario.world import World
from support.service_coordination.research import RESEARCHER

CONVERSATIONS = "a conversation of each"
ANSWERED = "answers to the mixture"
# The platform's own and those of the suite's plugins, as they are listed: by name.
_AGENTS = sorted([*(agent.wire for agent in Agent), PROBE, KEEPER, RESEARCHER])
_THOUGHT = 0.3
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what its answer must hold; ``made``: something new comes of it, with an id of its own."""

    request: Request
    due: dict[str, Any]
    made: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody's request, what it must be answered, and what it was."""

    who: User
    due: dict[str, Any]
    made: bool
    answer: Outcome = field(repr=False)


def converse(world: World) -> None:
    """Give everybody a conversation.

    :raises NotShown: the platform refused one.
    """
    begun: dict[str, str] = {}

    def begin(user: User) -> None:
        begun[user.id] = world.platform.create_thread(user, f"Plans of {user.tenant.marker}").require()["id"]

    populations.at_once(world.users.customers, begin)
    world.facts[CONVERSATIONS] = begun


def plans(world: World) -> dict[User, Sequence[Asked]]:
    """Ten requests of everybody, about the conversations that they have."""
    begun = world.recall(CONVERSATIONS, dict)
    people = world.users.customers
    return {user: mixture(user, begun[user.id], number / len(people)) for number, user in enumerate(people)}


def ask(world: World) -> None:
    """Have everybody make ten requests, one after the other, all of them side by side; notes the answers."""
    asked = plans(world)
    crowd = Crowd(world, {user.alias: [each.request for each in plan] for user, plan in asked.items()})
    known = {id(each.request): each for plan in asked.values() for each in plan}
    world.facts[ANSWERED] = [
        Answered(request.who, known[id(request)].due, known[id(request)].made, answer)
        for request, answer in crowd.answers()
    ]


def mixture(user: User, thread_id: str, share: float = 1.0) -> Sequence[Asked]:
    """Ten requests of different kinds about a conversation of the user's, with a moment's thought before each.

    :param share: how much of that moment comes before the first, so that a crowd does not ask in step.
    """
    asked = list(_mixture(user, thread_id))
    thought = [_THOUGHT * share, *[_THOUGHT] * (len(asked) - 1)]
    return [
        replace(each, request=replace(each.request, pause=pause)) for each, pause in zip(asked, thought, strict=True)
    ]


def _mixture(user: User, thread_id: str) -> Iterator[Asked]:
    marker, thread = user.tenant.marker, f"/v1/threads/{thread_id}"
    records = [record.wire() for record in UsageRecords.varied(marker).records[:3]]
    title, question, renamed = f"More of {marker}", f"How much for {marker}?", f"Other plans of {marker}"
    yield Asked(Request(user, "GET", thread), {"id": thread_id, "title": f"Plans of {marker}"})
    yield Asked(Request(user, "POST", "/v1/threads", {"title": title}), {"title": title}, made=True)
    yield Asked(
        Request(user, "POST", f"{thread}/messages", {"content": question}),
        {"content": question, "thread_id": thread_id},
        made=True,
    )
    yield Asked(Request(user, "GET", f"{thread}/messages"), {"items": [{"content": question}], "next_cursor": None})
    yield Asked(Request(user, "PATCH", thread, {"title": renamed}), {"id": thread_id, "title": renamed})
    both = {"items": [{"title": title}, {"id": thread_id, "title": renamed}], "next_cursor": None}
    yield Asked(Request(user, "GET", "/v1/threads"), both)
    yield Asked(Request(user, "POST", "/v1/usage-records", {"records": records}), {"stored": len(records)})
    yield Asked(Request(user, "GET", "/v1/agents"), {"items": [{"name": name} for name in _AGENTS]})
    yield Asked(Request(user, "GET", "/v1/runs"), {"items": [], "next_cursor": None})
    yield Asked(Request(user, "GET", f"{thread}/messages?limit=1"), {"items": [{"thread_id": thread_id}]})
