"""Requests of different kinds by many customers at once, and the expected response to each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, each_call
from support.cloud.savings import UsageRecords
from support.load import populations
from support.load.http_crowd import CrowdRequest, HttpCrowd, Send
from support.matchers.faultless import faultless
from support.oracles.canary import markers_in
from support.scenario.agents import PROBE, Agent
from support.scenario.users import User
from support.scenario.world import World

# The platform's own and those of the suite's plugins, as they are listed: by name.
_AGENTS = sorted([*(agent.wire for agent in Agent), PROBE])
_PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Conversations:
    """A conversation (its id) of each customer, by user id."""

    of: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request and what its response must hold; ``creates``: a resource with an id of its own."""

    request: CrowdRequest
    body: dict[str, Any]
    creates: bool = False


@dataclass(frozen=True, slots=True)
class MixedCall(Call):
    """A customer's call, what its response must hold, and whether it creates a resource."""

    caller: User
    expected: Mapping[str, Any]
    creates: bool


def begin_conversations(world: World) -> None:
    """Give every customer a conversation.

    :raises NotShown: the platform refused one.
    """
    begun: dict[str, str] = {}

    def begin(user: User) -> None:
        begun[user.id] = world.platform.create_thread(user, f"Plans of {user.tenant.marker}").require().id

    populations.at_once(world.users.customers, begin)
    world.keep(Conversations(begun))


def customers_with_conversations(world: World) -> None:
    """As many customers as the run's profile says, with a conversation each."""
    populations.GROUPS["fifty customers"](world)
    begin_conversations(world)


def plans(world: World) -> dict[User, Sequence[PlannedRequest]]:
    """Ten requests of every customer, about the conversation that they have."""
    begun, customers = world.kept(Conversations).of, world.users.customers
    return {user: mixture(user, begun[user.id], number / len(customers)) for number, user in enumerate(customers)}


def call_side_by_side(world: World) -> list[MixedCall]:
    """Every customer makes ten requests, one after the other, all customers side by side."""
    planned = plans(world)
    crowd = HttpCrowd(world, {user.alias: [each.request for each in plan] for user, plan in planned.items()})
    known = {id(each.request): each for plan in planned.values() for each in plan}
    return [
        MixedCall(
            f"{answer.method} {answer.path}",
            answer,
            request.who,
            known[id(request)].body,
            known[id(request)].creates,
        )
        for request, answer in crowd.answers()
    ]


def mixture(user: User, thread_id: str, share: float = 1.0) -> Sequence[PlannedRequest]:
    """Ten requests of different kinds about a conversation of the user's, with a pause before each.

    :param share: how much of that pause comes before the first, so that a crowd does not call in step.
    """
    expected = list(_mixture(user, thread_id))
    pauses = [_PAUSE_SECONDS * share, *[_PAUSE_SECONDS] * (len(expected) - 1)]
    return [
        replace(each, request=replace(each.request, pause=pause)) for each, pause in zip(expected, pauses, strict=True)
    ]


def _mixture(user: User, thread_id: str) -> Iterator[PlannedRequest]:
    marker, thread = user.tenant.marker, thread_id
    records = [record.wire() for record in UsageRecords.varied(marker).records[:3]]
    title, question, renamed = f"More of {marker}", f"How much for {marker}?", f"Other plans of {marker}"

    def planned(send: Send, body: dict[str, Any], *, creates: bool = False) -> PlannedRequest:
        return PlannedRequest(CrowdRequest(user, send), body, creates)

    yield planned(lambda platform, who: platform.thread(who, thread), {"id": thread, "title": f"Plans of {marker}"})
    yield planned(lambda platform, who: platform.create_thread(who, title), {"title": title}, creates=True)
    posted = {"content": question, "thread_id": thread}
    yield planned(lambda platform, who: platform.post_message(who, thread, question), posted, creates=True)
    page = {"items": [{"content": question}], "next": None}
    yield planned(lambda platform, who: platform.messages(who, thread), page)
    yield planned(lambda platform, who: platform.rename_thread(who, thread, renamed), {"id": thread, "title": renamed})
    both = {"items": [{"title": title}, {"id": thread, "title": renamed}], "next": None}
    yield planned(lambda platform, who: platform.threads(who), both)
    yield planned(lambda platform, who: platform.store_usage(who, records), {"stored": len(records)})
    yield planned(lambda platform, who: platform.agents(who), {"items": [{"name": name} for name in _AGENTS]})
    yield planned(lambda platform, who: platform.runs(who), {"items": [], "next": None})
    yield planned(lambda platform, who: platform.messages(who, thread, limit=1), {"items": [{"thread_id": thread}]})


# -- matchers ---------------------------------------------------------------------------------------------------------


def holds(value: Any, expected: Any) -> bool:
    """Whether a JSON value is what is expected, or an object or list of that length that holds it."""
    if isinstance(expected, Mapping):
        return isinstance(value, Mapping) and all(key in value and holds(value[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(holds, value, expected))
    return bool(value == expected)


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def are_correct() -> BaseMatcher[Sequence[MixedCall]]:
    """Each response holds what is expected, and no marker but that of the caller's own tenant."""

    def fault_of(call: MixedCall) -> str | None:
        answer = call.answer
        if not answer.done or not holds(_plain(answer.value), call.expected):
            return f"{call.caller} received {answer} {answer.text[:200]}, expected {call.expected}"
        foreign = markers_in(answer.text) - {call.caller.tenant.marker}
        return f"{call.caller} was shown {', '.join(sorted(foreign))}: {answer}" if foreign else None

    return each_call("every response is correct and shows only the customer's own data", fault_of)


def have_unique_ids() -> BaseMatcher[Sequence[MixedCall]]:
    """Resources were created, each with an ID of its own, and every response has a request ID of its own."""

    def faults_of(calls: Sequence[MixedCall]) -> list[str]:
        created = [str(_plain(call.answer.value).get("id")) for call in calls if call.creates]
        requests = [str(call.answer.request_id) for call in calls]
        found = [] if created else ["no resource was created"]
        for kind, ids in (("resources", created), ("responses", requests)):
            if shared := {each for each in ids if each in ("", "None") or ids.count(each) > 1}:
                found.append(f"{kind} share the ID {', '.join(sorted(shared)[:3])}")
        return found

    return faultless("a unique ID for every new resource and every response", faults_of)
