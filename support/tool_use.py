"""Customers' agents that use tools: alone, at once, side by side, beyond what goes; and what came of each call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from support import agents, servers
from support.agents import Script
from support.checks.tools import TimedCall
from support.partner import PRICES, PartnerCall
from support.servers import Assignment, Server, Task
from support.situations import waiting_place
from support.stack.apex import CALLS_AT_ONCE
from support.story import Event
from support.users import User
from support.verdict import DeadlinePassed, NotShown
from support.world import RunHandle, World

ASSIGNMENTS = "what was to be done"
_SLOW, _QUICK = 0.8, 0.2
SLACK = _SLOW / 2
"""Seconds by which a told time may be longer than the partner's: less than what waiting for a turn would add."""
_COLUMNS = "select id::text, duration_seconds from tool_calls where run_id = %s"


# -- in the customer's account ----------------------------------------------------------------------------------------


def has_done(world: World, customer: User, task: Task, count: int) -> None:
    """An agent of the customer does something to so many of their servers."""
    assignment = servers.assign(world, customer, task, count)
    world.facts[ASSIGNMENTS] = {customer.alias: assignment}
    calls = task.calls(customer.tenant, assignment.chosen)
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(*calls)))


def have_done_at_once(world: World, customers: Sequence[User], task: Task, count: int) -> None:
    """Agents of all the customers do something to so many of their servers, at the same moment."""
    assignments = {each.alias: servers.assign(world, each, task, count) for each in customers}
    world.facts[ASSIGNMENTS] = assignments
    at_once(world, customers, lambda each: task.calls(each.tenant, assignments[each.alias].chosen))


def have_listed_at_once(world: World, customers: Sequence[User]) -> None:
    """Agents of all the customers list their servers, at the same moment."""
    at_once(world, customers, lambda each: [agents.call("list_instances")])


def at_once(world: World, customers: Sequence[User], calls: Callable[[User], Sequence[Script]]) -> None:
    """Agents of all the customers make their calls; the cloud answers none of them before each has asked it.

    :raises NotShown: they were not at work at the same time.
    """
    world.faults.silence("cloud")
    # Now whoever has a connection to the cloud waits for its answer.
    world.faults.reset_connections("cloud")
    runs = [world.running(customer, agents.PROBE, input=agents.calling(*calls(customer))) for customer in customers]
    _until(world, lambda: world.faults.open_connections("cloud") >= len(customers), "the calls at the cloud")
    world.faults.heal("cloud")
    for run in runs:
        world.ended(run)
    times = [_at_work(world, customer) for customer in customers]
    if max(begun for begun, _ in times) >= min(ended for _, ended in times):
        raise NotShown(f"one call had ended before another began: {times}")


def _at_work(world: World, customer: User) -> tuple[float, float]:
    """When the calls of the customer's last run began, and when they had ended (Unix seconds), as shown to them."""
    events = events_of_last_run(world, customer)
    moments = [event.happened_at.timestamp() for event in events if event.call_id and event.happened_at]
    if len(moments) < 2:
        raise NotShown(f"{customer} was not shown a call from its beginning to its end")
    return min(moments), max(moments)


def reach_out(world: World, customer: User, other: User) -> None:
    """An agent tries to stop a server of somebody else, and then one of its own customer's."""
    theirs, own = (servers.assign(world, user, Task.STOP, 1) for user in (other, customer))
    world.facts[ASSIGNMENTS] = {other.alias: theirs, customer.alias: own}
    calls = [agents.call("stop_instances", resource_ids=list(each.chosen)) for each in (theirs, own)]
    world.ended(world.running(customer, agents.PROBE, input=agents.trying(*calls)))


def read_a_price(world: World, customer: User) -> None:
    """An agent reads what one type of servers costs."""
    call = agents.call("read_prices", instance_types=[servers.OTHER_TYPE])
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(call)))


def price_due(world: World) -> dict[str, Any]:
    """What it must be told: what the partner lists for that type."""
    return {"currency": "USD", "prices": {servers.OTHER_TYPE: str(world.prices().prices[servers.OTHER_TYPE])}}


def assignments(world: World) -> list[Assignment]:
    """What was to be done, for each customer."""
    return list(world.recall(ASSIGNMENTS, dict).values())


def results(world: World, customer: User) -> list[Any]:
    """What the tools gave to the customer's last run, in the order of the calls; None for one that failed."""
    answer = world.ended(world.run_of(customer)).get("answer") or {}
    return [each.get("result") for each in answer.get("results") or []]


def result_due(world: World, assignment: Assignment) -> list[dict[str, Any]]:
    """What the results must tell: the chosen servers as the cloud account shows them now."""
    now = servers.servers_of(world, assignment.customer.tenant)
    return assignment.task.told_of([now[id] for id in assignment.chosen])


def in_order(told: Sequence[Any]) -> list[Any]:
    """Results with their servers in the order of the ids: no tool promises another one."""
    return [
        {**each, "instances": sorted(each["instances"], key=lambda server: str(server["resource_id"]))}
        if isinstance(each, Mapping) and "instances" in each
        else each
        for each in told
    ]


def listed(world: World, customer: User) -> list[str]:
    """The ids of the servers in the lists that the customer's last run was given."""
    lists = [each.get("instances", []) for each in results(world, customer) if isinstance(each, Mapping)]
    return sorted(server["resource_id"] for some in lists for server in some)


def owned(world: World, customer: User) -> list[str]:
    """The ids of the servers in the customer's own cloud account."""
    return sorted(servers.servers_of(world, customer.tenant))


def as_they_are(world: World, assignment: Assignment) -> dict[str, Server]:
    """The servers of an assignment's customer as their cloud account shows them now."""
    return servers.servers_of(world, assignment.customer.tenant)


# -- as shown and on record -------------------------------------------------------------------------------------------


def recorded(world: World, run: RunHandle) -> dict[str, float | None]:
    """The ids of the run's tool calls on record, and how long each was at work (seconds)."""
    with psycopg.connect(world.addresses.postgres_observer_url, connect_timeout=5) as connection:
        return dict(connection.execute(_COLUMNS, [run.run_id]).fetchall())


def shown_of(world: World, viewer: User) -> dict[str, list[str]]:
    """The ids of the calls whose beginning, and whose end, was shown to the viewer: of their last run, to its end."""
    events = events_of_last_run(world, viewer)
    return {
        type: sorted(str(event.call_id) for event in events if event.type == type)
        for type in ("tool_executing", "tool_completed")
    }


def each_once(world: World, run: RunHandle) -> dict[str, list[str]]:
    """What ``shown_of`` must be: each call on record, once as it begins and once as it ends.

    :raises NotShown: no call is on record.
    """
    ids = sorted(recorded(world, run))
    if not ids:
        raise NotShown("no tool call is on record, so it proves nothing that none was shown")
    return {"tool_executing": ids, "tool_completed": ids}


def events_of_last_run(world: World, viewer: User) -> list[Event]:
    """What was shown to the viewer of their last run, once its end was shown."""
    run = world.run_of(viewer)
    world.ended(run)
    viewer.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
    return viewer.watching.of(run)


def ends_of_calls(world: World, viewer: User) -> list[Mapping[str, Any]]:
    """What was told at the end of each call of the viewer's last run, in their order."""
    return [event.payload for event in events_of_last_run(world, viewer) if event.type == "tool_completed"]


def calls_shown_to_others(world: World, caller: User) -> list[str]:
    """The tool calls that anybody else was shown, once each of them has seen a run of their own."""
    others = [user for user in world.users.customers if user is not caller]
    shown = []
    for other in others:
        run = world.running(other, "usage_report")
        world.ended(run)
        other.watching.wait_for_end(run, within=world.budgets.limit("story complete"))
        shown += [f"{event.type} to {other}" for event in other.events if event.call_id]
    return shown


# -- side by side -----------------------------------------------------------------------------------------------------


def ask_two_questions(world: World, customer: User) -> None:
    """An agent asks the partner two things side by side; neither is answered before both were asked, if they are."""
    paths = questions(customer)
    for path in paths:
        world.partner.hold(path)
    run = world.running(customer, agents.PROBE, input=agents.side_by_side(*paths))
    _until(world, lambda: all(world.partner.calls(path) for path in paths), "both questions at the partner")
    for path in paths:
        world.partner.release(path)
    world.ended(run)


def questions(customer: User) -> list[str]:
    """The two things that the customer's agent asks the partner."""
    return [f"{waiting_place(customer)}-{number}" for number in (1, 2)]


def asked(world: World, customer: User) -> list[PartnerCall]:
    """The two questions as the partner had them."""
    return [call for path in questions(customer) for call in world.partner.calls(path)]


def list_while_partner_is_silent(world: World, customer: User) -> None:
    """An agent asks the partner and lists the servers side by side; the partner answers when the list was shown."""
    path = waiting_place(customer)
    world.partner.hold(path)
    calls = [agents.call("probe_fetch", path=path), agents.call("list_instances")]
    run = world.running(customer, agents.PROBE, input=agents.calling_together(*calls))
    _until(world, lambda: any(e.type == "tool_completed" for e in customer.watching.of(run)), "the list of servers")
    world.partner.release(path)
    world.ended(run)


def answered_at(world: World, customer: User) -> float:
    """When the partner answered the customer's agent (Unix seconds).

    :raises NotShown: it did not.
    """
    (call,) = world.partner.calls(waiting_place(customer))
    if call.answered_at is None:
        raise NotShown("the partner has not answered")
    return call.answered_at


def list_told_at(world: World, viewer: User) -> list[float]:
    """When the ends of the calls that list servers came about (Unix seconds), as told of the viewer's last run."""
    return [
        event.happened_at.timestamp()
        for event in events_of_last_run(world, viewer)
        if event.type == "tool_completed" and event.payload.get("tool_name") == "list_instances" and event.happened_at
    ]


def _until(world: World, seen: Callable[[], bool], what: str) -> None:
    """Wait for something that a Then will judge; going on without it when it does not come."""
    try:
        world.eventually(seen, bool, "run starts", what)
    except DeadlinePassed as missing:
        world.evidence.note("did not come", awaited=what, reason=str(missing))


def own_answers(world: World, customer: User) -> dict[str, Any]:
    """Of each question: the path that its result names, and the one that its end as shown names."""
    answer = world.ended(world.run_of(customer)).get("answer") or {}
    fetched = [each.get("content", "") for each in answer.get("fetched") or []]
    events = events_of_last_run(world, customer)
    ends = {event.call_id: event.payload for event in events if event.type == "tool_completed"}
    shown = {
        event.payload["parameters"].get("path"): ((ends.get(event.call_id) or {}).get("result") or {}).get("path")
        for event in events
        if event.type == "tool_executing"
    }
    return {"results": fetched, "shown": shown}


def own_answers_due(customer: User) -> dict[str, Any]:
    """What ``own_answers`` must be: each question's own path, in the order of the questions."""
    paths = questions(customer)
    return {"results": [f'{{"path":"{path}"}}' for path in paths], "shown": {path: path for path in paths}}


# -- time -------------------------------------------------------------------------------------------------------------


def ask_more_than_at_once(world: World, customer: User) -> None:
    """An agent asks the partner one thing more than it may ask at once, so that the last waits for its turn."""
    paths = [f"{waiting_place(customer)}-{number}" for number in range(CALLS_AT_ONCE + 1)]
    for path in paths:
        world.partner.delay(path, _QUICK if path == paths[-1] else _SLOW)
    world.ended(world.running(customer, agents.PROBE, input=agents.side_by_side(*paths)))


def timed_questions(world: World, viewer: User) -> list[TimedCall]:
    """How long each question took: as told to the viewer, and as the partner knows it.

    :raises NotShown: none of them had to wait for its turn.
    """
    found = _timed(world, viewer, lambda event: event.payload["parameters"].get("path"))
    first = min(call.asked_at for call in found)
    if max(call.asked_at for call in found) - first < _SLOW:
        raise NotShown("no question has waited for its turn, so it proves nothing that the wait was not counted")
    return found


def timed_price_list(world: World, viewer: User) -> list[TimedCall]:
    """How long the price list took: as told to the viewer, and as the partner knows it."""
    return _timed(world, viewer, lambda event: PRICES if event.payload.get("tool_name") == "read_prices" else None)


def _timed(world: World, viewer: User, path_of: Callable[[Event], str | None]) -> list[TimedCall]:
    run, events = world.run_of(viewer), events_of_last_run(world, viewer)
    told = {event.call_id: event.payload.get("duration_seconds") for event in events if event.type == "tool_completed"}
    timed = []
    for event in events:
        if event.type == "tool_executing" and (path := path_of(event)):
            call = next(each for each in world.partner.calls(path) if each.received_at >= run.asked_at_wall)
            timed.append(TimedCall(path, told.get(event.call_id), call.busy, call.received_at))
    return timed


def told_times(world: World, viewer: User) -> dict[str, float | None]:
    """The ids of the calls of the viewer's last run, and how long each was at work, as told."""
    return {str(end.get("call_id")): end.get("duration_seconds") for end in ends_of_calls(world, viewer)}


# -- going on ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a tool: which one has it, and what it says."""

    tool: str
    says: str


FLAWS = {
    "cannot do its work": Flaw("probe_fail", "The figures of this month are not ready."),
    "has a fault of its own": Flaw("probe_break", agents.INTERNALS),
}


def go_on_after(world: World, customer: User, flaw: Flaw) -> None:
    """An agent's plan has a tool with a flaw, and then one that asks the partner."""
    path = waiting_place(customer)
    world.partner.delay(path, 0.0)
    plan = [agents.call(flaw.tool, message=flaw.says), agents.call("probe_fetch", path=path)]
    world.ended(world.running(customer, agents.PROBE, input=agents.trying(*plan)))


def next_tool(world: World, customer: User) -> dict[str, Any]:
    """What came of the second tool of the plan: how it ended, its result, how often the partner was asked."""
    path = waiting_place(customer)
    return {
        "outcomes": [end.get("outcome") for end in ends_of_calls(world, customer)],
        "result": results(world, customer)[-1:],
        "asked": len(world.partner.calls(path)),
    }


def next_tool_due(customer: User) -> dict[str, Any]:
    """What ``next_tool`` must be: the first has failed, the second has not."""
    path = waiting_place(customer)
    return {
        "outcomes": ["failed", "succeeded"],
        "result": [{"path": path, "content": f'{{"path":"{path}"}}'}],
        "asked": 1,
    }


def end_of(world: World, customer: User) -> dict[str, Any]:
    """How the customer's last run ended, as stored and as told: which state, and whether it is marked as partial."""
    stored = world.ended(world.run_of(customer))
    end = events_of_last_run(world, customer)[-1]
    return {
        "stored": (stored["status"], stored["partial"]),
        "told": (end.type, end.payload.get("partial")),
    }


def end_due(*, partial: bool) -> dict[str, Any]:
    """What ``end_of`` must be of a run with an answer, partial or not."""
    return {"stored": ("completed", partial), "told": ("agent_completed", partial)}
