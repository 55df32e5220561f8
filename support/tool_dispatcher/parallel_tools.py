"""Agents whose tools run in parallel: what the partner saw, and which answer each call was given."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.components import Component
from support.scenario import agents
from support.scenario.partner import PartnerCall, own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.tool_dispatcher.server_tasks import ServerTask
from support.tool_dispatcher.tool_calls import events_of_last_run
from support.tool_dispatcher.tool_execution import ServerWork

_AFTER_THE_FAILURE = 0.4
"""Seconds that a tool still works after the one beside it has failed."""


def all_received_before_any_answer(count: int) -> BaseMatcher[Sequence[PartnerCall]]:
    """So many requests, each of which was received before any was answered."""

    def faults(requests: Sequence[PartnerCall]) -> list[str]:
        if len(requests) != count:
            return [f"there were {len(requests)} requests"]
        answered = [each.answered_at for each in requests if each.answered_at is not None]
        if len(answered) < count:
            return [f"{count - len(answered)} of {count} requests were never answered"]
        wait = max(each.received_at for each in requests) - min(answered)
        return [f"the last request was received {wait:.3f} s after the first answer"] if wait >= 0 else []

    return faultless(f"{count} requests, the last of them received before the first was answered", faults)


@dataclass(frozen=True, slots=True)
class Questions:
    """The paths of the questions that a customer's agent asks in parallel."""

    paths: list[str]


def _questions(count: int) -> Work:
    """An agent that asks so many questions; the partner answers when it has all, or when none comes any more."""

    def ask(world: World, customer: User) -> RunHandle:
        paths = questions(customer, count)
        return _ask(world, customer, paths, agents.side_by_side(*paths))

    return ask


def _have_two_questions_asked(world: World, customer: User) -> RunHandle:
    """The same of an agent's delegate."""
    paths = questions(customer)
    part = agents.side_by_side(*paths)
    return _ask(world, customer, paths, agents.script({"delegate": {"agent": agents.PROBE, "input": part}}))


def _ask(world: World, customer: User, paths: list[str], script: agents.Script) -> RunHandle:
    world.keep(Questions(paths))
    for path in paths:
        world.partner.hold(path)
    run = world.running(customer, agents.PROBE, input=script)
    world.try_to_see(
        lambda: all(world.partner.calls(path) for path in paths), "run starts", "all questions at the partner"
    )
    for path in paths:
        world.partner.release(path)
    return run


def questions(customer: User, count: int = 2) -> list[str]:
    """The paths of some questions of the customer's agent."""
    return [f"{own_path(customer)}-{number + 1}" for number in range(count)]


def asked(world: World) -> list[PartnerCall]:
    """The questions as the partner received them."""
    return [call for path in world.kept(Questions).paths for call in world.partner.calls(path)]


def spread(world: World) -> float:
    """Seconds from the first question that the partner received to the last."""
    received = [call.received_at for call in asked(world)]
    return max(received) - min(received)


def are_all_received_before_any_answer(world: World) -> BaseMatcher[Sequence[PartnerCall]]:
    """Each of the questions was received before any was answered."""
    return all_received_before_any_answer(len(world.kept(Questions).paths))


def answers(world: World, customer: User) -> dict[str, Any]:
    """The answers in the run's result, and by each question's path that which the events show for it."""
    run = world.ended(world.run_of(customer))
    fetched = [each.get("content", "") for each in run.part("fetched") or []]
    events = events_of_last_run(world, customer)
    ends = {event.call_id: event.payload for event in events if event.type == "tool_completed"}
    shown = {
        event.payload["parameters"].get("path"): ((ends.get(event.call_id) or {}).get("result") or {}).get("content")
        for event in events
        if event.type == "tool_executing"
    }
    return {"result": fetched, "events": shown}


def expected_answers(world: World) -> dict[str, Any]:
    """What ``answers`` must be: to each question what the partner says to it, in the order of the questions."""
    contents = {path: f'{{"path":"{path}"}}' for path in world.kept(Questions).paths}
    return {"result": list(contents.values()), "events": contents}


def _list_without_partner(world: World, customer: User) -> RunHandle:
    """Start an agent that asks the partner and lists servers; the partner answers once the list was received."""
    path = own_path(customer)
    world.partner.hold(path)
    listing = ServerWork(ServerTask.LIST).requested(world, customer)
    calls = [agents.call("probe_fetch", path=path), *listing.calls()]
    run = world.running(customer, agents.PROBE, input=agents.calling_together(*calls))
    world.try_to_see(
        lambda: any(e.type == "tool_completed" for e in customer.watching.of(run)), "run starts", "the list of servers"
    )
    world.partner.release(path)
    return run


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """How many questions of a run were open at the cloud at once, which answered none."""

    count: int


def _list_twice(world: World, customer: User) -> RunHandle:
    """Start an agent that asks the cloud twice; the cloud answers when it has both, or when none comes any more."""
    twice = agents.calling_together(*[agents.call(ServerTask.LIST.tool)] * 2)
    with world.faults.holding(Component.CLOUD) as waiting:
        run = world.running(customer, agents.PROBE, input=twice)
        world.try_to_see(lambda: waiting() >= 2, "run starts", "both questions at the cloud")
        world.keep(OpenQuestions(waiting()))
    return run


def in_order_of_time(world: World, customer: User) -> list[str]:
    """The ends of the customer's listing calls and the partner's answer, the earliest first.

    :raises NotShown: the partner did not answer.
    """
    (call,) = world.partner.calls(own_path(customer))
    if call.answered_at is None:
        raise NotShown("the partner has not answered")
    listed = [
        (event.moment, "list of servers")
        for event in events_of_last_run(world, customer)
        if event.type == "tool_completed" and event.payload.get("tool_name") == ServerTask.LIST.tool and event.moment
    ]
    return [what for _, what in sorted([*listed, (call.answered_at, "answer of the partner")])]


def _quick_beside_slow(world: World, customer: User) -> RunHandle:
    """Start an agent that asks two quick questions, one after the other, beside one that the partner leaves open.

    The partner answers that one when the others have been asked, or when none comes any more.
    """
    slow, quick = own_path(customer), questions(customer)
    world.partner.hold(slow)
    for path in quick:
        world.partner.delay(path, 0.0)
    branches = [{"fetch": slow}], [{"fetch": path} for path in quick]
    run = world.running(customer, agents.PROBE, input=agents.beside(*branches))
    world.try_to_see(
        lambda: all(world.partner.calls(path) for path in (slow, *quick)), "run starts", "every question at the partner"
    )
    world.partner.release(slow)
    return run


def answered_in_order(world: World, customer: User) -> list[str]:
    """The paths of the questions in the order in which the partner has answered them."""
    world.ended(world.run_of(customer))
    calls = [call for path in quick_before_slow(customer) for call in world.partner.calls(path)]
    answered = sorted((call.answered_at, call.path) for call in calls if call.answered_at is not None)
    return [path for _, path in answered]


def quick_before_slow(customer: User) -> list[str]:
    """The paths of the quick questions, and then that of the slow one."""
    return [*questions(customer), own_path(customer)]


def _failing_beside(world: World, customer: User) -> RunHandle:
    """Start an agent whose one tool fails while the other waits for the partner; it goes on with that one."""
    path = own_path(customer)
    world.partner.delay(path, _AFTER_THE_FAILURE)
    failing, asking = agents.call("probe_fail", message="Not today."), agents.call("probe_fetch", path=path)
    return world.running(customer, agents.PROBE, input=agents.beside([{"try": failing}], [{"try": asking}]))


def outcomes_side_by_side(world: World, customer: User) -> dict[str, int]:
    """How many calls of the customer's last run failed, and how many gave a result."""
    results = world.ended(world.run_of(customer)).part("results") or []
    return dict(Counter("failed" if each.get("error") else "gave a result" for each in results))


WORK: dict[str, Work] = {
    "an agent that asks two quick questions beside one that the partner leaves open": _quick_beside_slow,
    "an agent that continues with one tool when the one beside it fails": _failing_beside,
    "an agent that asks the partner two questions in parallel": _questions(2),
    "an agent that asks the partner six questions in parallel": _questions(6),
    "an agent whose delegate asks the partner two questions in parallel": _have_two_questions_asked,
    "an agent that asks the cloud two questions in parallel": _list_twice,
    "an agent that lists servers while the partner is silent": _list_without_partner,
}
