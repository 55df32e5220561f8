"""Matcher over a run's events and its requests at the partner: is each told between its cause and its effect?"""

from collections.abc import Sequence
from itertools import chain, pairwise

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.platform.story import Event
from support.scenario.partner import PartnerCall

Moment = tuple[str, float]


def causal_faults(events: Sequence[Event], requests: Sequence[PartnerCall]) -> list[str]:
    """Where the story of a run contradicts the order in which things came about; empty when nowhere.

    A tool that surveys paths causes this chain: the call begins; the partner is asked for the first path and answers;
    that is reported; the partner is asked for the next; ...; the call has ended.
    """
    calls = [event for event in events if event.type == "tool_executing"]
    if not calls:
        return ["no tool call was told of"]
    faults = [fault for call in calls for fault in _of_call(call, events, requests)]
    known = {call.call_id for call in calls}
    stray = [event for event in events if event.type == "tool_progress" and event.call_id not in known]
    return faults + [f"a report on the unknown call {event.call_id}" for event in stray]


def _of_call(call: Event, events: Sequence[Event], requests: Sequence[PartnerCall]) -> list[str]:
    paths = list(call.payload["parameters"]["paths"])
    own = [event for event in events if event.call_id == call.call_id]
    kinds = [event.type for event in own]
    if kinds != ["tool_executing", *["tool_progress"] * len(paths), "tool_completed"]:
        return [f"of the call were told: {', '.join(kinds)}"]
    counted = [(event.payload.get("done"), event.payload.get("total")) for event in own[1:-1]]
    if counted != [(number, len(paths)) for number in range(1, len(paths) + 1)]:
        return [f"the reports count {counted}"]
    asked = {path: [request for request in requests if request.path == path] for path in paths}
    if wrong := {path: len(found) for path, found in asked.items() if len(found) != 1}:
        return [f"the partner was asked {wrong}"]
    told = [(event.type, event.happened_at.timestamp() if event.happened_at else 0.0) for event in own]
    steps = (_at_partner(request) for path in paths for request in asked[path])
    links = chain.from_iterable((*step, report) for step, report in zip(steps, told[1:-1], strict=True))
    return _backwards([told[0], *links, told[-1]])


def _at_partner(request: PartnerCall) -> list[Moment]:
    answered = request.answered_at or float("inf")
    return [(f"asked for {request.path}", request.received_at), (f"answered {request.path}", answered)]


def _backwards(moments: Sequence[Moment]) -> list[str]:
    # The partner's clock gives fractions of a microsecond, events are told to the whole one.
    return [
        f"{effect} is told {cause_at - effect_at:.6f} s before its cause, {cause}"
        for (cause, cause_at), (effect, effect_at) in pairwise(moments)
        if effect_at < cause_at - 1e-6
    ]


class _CausesFirst(BaseMatcher[Sequence[Event]]):
    def __init__(self, requests: Sequence[PartnerCall]) -> None:
        self.requests = requests

    def _matches(self, item: Sequence[Event]) -> bool:
        return not causal_faults(item, self.requests)

    def describe_to(self, description: Description) -> None:
        description.append_text("every report told between what led to it and what followed from it")

    def describe_mismatch(self, item: Sequence[Event], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(causal_faults(item, self.requests)[:6]))


def are_told_between_cause_and_effect(requests: Sequence[PartnerCall]) -> BaseMatcher[Sequence[Event]]:
    """The events of a run that surveys stand in the order of their causes, the partner's journal included."""
    return _CausesFirst(requests)
