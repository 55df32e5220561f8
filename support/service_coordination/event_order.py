"""The order of a research job's events: each progress report stands between its cause and its effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from hamcrest.core.matcher import Matcher

from support.matchers.faultless import differences, faultless
from support.platform.components import Component
from support.platform.story import Event
from support.scenario.partner import PartnerCall
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import RunHandle, World
from support.service_coordination import research

Moment = tuple[str, float]
"""What happened, and when, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class Notices:
    """The IDs of the operator's notices, in the order in which they were sent."""

    ids: list[str]


def notices_during_an_outage(world: World, count: int) -> Notices:
    """The operator sends notices while nobody reaches the store of events, which is there again then.

    :raises NotShown: the platform did not accept one.
    """
    world.faults.cut_off(Component.CACHE)
    operator, numbers = world.users.operator, range(count)
    sent = [
        world.platform.send_notice(operator, title=f"Notice {number}", body="Events pause.").require().id
        for number in numbers
    ]
    world.faults.heal(Component.CACHE)
    return Notices(sent)


def with_a_lost_report(world: World, user: User) -> RunHandle:
    """Research on three topics that has ended; the store of events was full while the second one was reported.

    :raises NotShown: the report came all the same, so none was lost.
    """
    run = research.start(world, user, 1, 3, answered=1)
    _, second, third = research.topics_of(world, run)
    world.try_to_see(lambda: progress(user.watching.of(run)) == [(1, 3)], "run starts", "the first progress report")
    world.breaks_stories("the event stream is full")
    world.faults.fill_cache()
    world.partner.delay(second, 0.0)
    # What comes next is not asked for before the report was tried.
    world.try_to_see(lambda: bool(world.partner.calls(third)), "run starts", "the question about the third topic")
    if (2, 3) in progress(user.watching.of(run)):
        raise NotShown("the report of the second topic came although the store of events was full")
    world.faults.empty_cache()
    world.partner.delay(third, 0.0)
    world.ended(run)
    return run


def notices_of(events: Sequence[Event]) -> list[object]:
    """The IDs of notices in the order received."""
    return [event.payload.get("notice_id") for event in events if event.type == "notice"]


def progress(events: Sequence[Event]) -> list[tuple[int, int]]:
    """The progress reports in the order received: topics done, of how many."""
    return [(event.payload["done"], event.payload["total"]) for event in events if event.type == "tool_progress"]


def progress_to_the_end(world: World, viewer: User) -> list[tuple[int, int]]:
    """The progress reports that the viewer has received of their last run, once its end is shown, if it ever is."""
    run = world.run_of(viewer)
    world.try_to_see(lambda: any(event.is_end for event in viewer.watching.of(run)), "story complete", "the end")
    return progress(viewer.watching.of(run))


def is_in_order() -> Matcher[Sequence[tuple[int, int]]]:
    """Several reports, each of more than the one before."""

    def faults_of(reports: Sequence[tuple[int, int]]) -> list[str]:
        if len(reports) < 2:
            return [f"only {len(reports)} came"]
        return [f"{after} came after {before}" for before, after in pairwise(reports) if after <= before]

    return faultless("progress reports in order", faults_of)


def are_in_causal_order(requests: Sequence[PartnerCall]) -> Matcher[Sequence[Event]]:
    """The events of a run and the partner's requests happened in the order of their causes.

    Every research task is a chain: the call starts; the partner is asked about the first topic and answers; that is
    reported; the partner is asked about the next; ...; the call completes.
    """
    return faultless(
        "every progress report after its cause and before its effect", lambda events: _faults(events, requests)
    )


def _faults(events: Sequence[Event], requests: Sequence[PartnerCall]) -> list[str]:
    calls = [event for event in events if event.type == "tool_executing"]
    known = {call.call_id for call in calls}
    stray = [event for event in events if event.type == "tool_progress" and event.call_id not in known]
    return [
        *([] if calls else ["no tool call has started"]),
        *(f"call {call.call_id}: {fault}" for call in calls for fault in _faults_of_call(call, events, requests)),
        *(f"a progress report of the unknown call {event.call_id}" for event in stray),
    ]


def _faults_of_call(call: Event, events: Sequence[Event], requests: Sequence[PartnerCall]) -> list[str]:
    topics = list(call.payload["parameters"]["topics"])
    own = [event for event in events if event.call_id == call.call_id]
    types = ["tool_executing", *["tool_progress"] * len(topics), "tool_completed"]
    counts = [(number, len(topics)) for number in range(1, len(topics) + 1)]
    asked = {topic: [request for request in requests if request.path == topic] for topic in topics}
    if found := [
        *differences(types, [event.type for event in own], "its events"),
        *differences(counts, progress(own), "its progress"),
        *(f"{topic} was requested {len(found)} times" for topic, found in asked.items() if len(found) != 1),
    ]:
        return found
    moments = [(event.type, event.happened_at.timestamp() if event.happened_at else 0.0) for event in own]
    steps = (_at_partner(asked[topic][0]) for topic in topics)
    links = chain.from_iterable((*step, report) for step, report in zip(steps, moments[1:-1], strict=True))
    return _backwards([moments[0], *links, moments[-1]])


def _at_partner(request: PartnerCall) -> list[Moment]:
    answered = request.answered_at or float("inf")
    return [(f"the request for {request.path}", request.received_at), (f"the answer to {request.path}", answered)]


def _backwards(moments: Sequence[Moment]) -> list[str]:
    # The partner's clock gives fractions of a microsecond, events have whole ones.
    return [
        f"{effect} is {cause_at - effect_at:.6f} s before its cause, {cause}"
        for (cause, cause_at), (effect, effect_at) in pairwise(moments)
        if effect_at < cause_at - 1e-6
    ]
