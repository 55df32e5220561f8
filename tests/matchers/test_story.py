"""The story matchers accept every good story and name what is wrong with every spoiled one."""

import random
from dataclasses import replace

import pytest
from hamcrest.core.string_description import StringDescription

from support.matchers.story import (
    has_no_gap,
    has_no_gap_in_any_run,
    has_the_notice,
    story_faults,
    tells_a_complete_story,
)
from support.platform.story import Event
from tests.matchers.stories import END, GOOD, RUN, START, THOUGHT, call, told, with_delegates, with_tools

stories = pytest.mark.parametrize("story", GOOD.values(), ids=GOOD.keys())


def mismatch(matcher, value):
    described = StringDescription()
    matcher.describe_mismatch(value, described)
    return str(described)


def renumbered(events: list[Event]) -> list[Event]:
    """The same events with right numbers and times, so that only what is told is wrong."""
    good = told(*((event.type, dict(event.payload)) for event in events))
    return [
        replace(event, sequence=right.sequence, run_sequence=right.run_sequence, timestamp=right.timestamp)
        for event, right in zip(events, good, strict=True)
    ]


@stories
def test_a_good_story_is_complete(story):
    assert story_faults(story()) == []
    assert tells_a_complete_story(of=RUN).matches(story())


@stories
def test_a_lost_event_is_noticed_by_the_numbers(story):
    events = story()
    for position in range(len(events) - 1):
        assert any("run_sequence: gap" in fault for fault in story_faults(events[:position] + events[position + 1 :]))


@stories
def test_a_lost_end_is_noticed(story):
    assert "the end is missing" in story_faults(story()[:-1])


@stories
def test_an_event_left_out_with_right_numbers_is_noticed(story):
    events = story()
    thoughts = sum(event.type == "agent_thinking" for event in events)
    for position, event in enumerate(events):
        left = renumbered(events[:position] + events[position + 1 :])
        if event.type == "agent_thinking" and (thoughts > 1 or event.delegated):
            continue
        assert story_faults(left), f"nobody misses {event.type} at {position}"


@stories
def test_a_doubled_event_is_noticed(story):
    events = story()
    for position in range(len(events)):
        assert story_faults(events[: position + 1] + events[position:])


@stories
def test_a_doubled_event_with_right_numbers_is_noticed(story):
    events = story()
    for position, event in enumerate(events):
        if event.type != "agent_thinking":
            assert story_faults(renumbered(events[: position + 1] + events[position:])), event.type


@stories
def test_two_events_in_the_wrong_order_are_noticed(story):
    events = story()
    for position in range(len(events) - 1):
        swapped = list(events)
        swapped[position], swapped[position + 1] = swapped[position + 1], swapped[position]
        faults = story_faults(swapped)
        assert any("run_sequence" in fault for fault in faults)
        assert any("goes back" in fault for fault in faults)


@stories
def test_any_shuffle_is_noticed(story):
    events = story()
    chance = random.Random(7)
    for _ in range(30):
        shuffled = list(events)
        chance.shuffle(shuffled)
        assert bool(story_faults(shuffled)) is (shuffled != events)


@stories
def test_nothing_may_come_after_the_end(story):
    events = story()
    late = replace(events[1], run_sequence=len(events) + 1, timestamp=events[-1].timestamp)
    assert any("after the end" in fault for fault in story_faults([*events, late]))


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        (told(THOUGHT, START, END), "agent_thinking came before agent_started"),
        (told(START, START, THOUGHT, END), "agent_started came 2 times"),
        (told(THOUGHT, END), "agent_started is missing"),
        (told(START, END), "agent_thinking is missing"),
        (told(START, THOUGHT, call("a")[0], END), "tool_completed of call a is missing"),
        (told(START, THOUGHT, call("a")[1], END), "tool_completed of call a came without its tool_executing before it"),
        (told(START, THOUGHT, call("a")[0], call("b")[1], END), "tool_completed of call a is missing"),
        (told(START, THOUGHT, *call("a"), *call("a"), END), "tool_executing of call a came 2 times"),
        (told(START, THOUGHT, ("tool_executing", {}), ("tool_completed", {}), END), "a tool event without call_id"),
        (told(START, THOUGHT, END, END), "the run ended 2 times: agent_completed, agent_completed"),
        (told(START, THOUGHT, END, ("agent_error", {})), "the run ended 2 times: agent_completed, agent_error"),
        ([], "nothing was told"),
    ],
)
def test_each_fault_has_its_name(events, fault):
    assert fault in story_faults(events)


def test_progress_belongs_to_a_call():
    begin, end = call("a")
    report = ("tool_progress", {"call_id": "a", "done": 1, "total": 2})
    assert story_faults(told(START, THOUGHT, begin, report, end, END)) == []
    of_another = ("tool_progress", {**report[1], "parent_run_id": RUN})
    for wrong in (told(START, THOUGHT, begin, of_another, end, END), told(START, THOUGHT, report, begin, end, END)):
        (fault,) = story_faults(wrong)
        assert "reported as one of" in fault


def test_progress_may_leave_out_its_tool_but_not_name_another():
    (kind, told_of), end = call("a")
    begin = (kind, {**told_of, "tool_name": "research"})
    end = (end[0], {**end[1], "tool_name": "research"})
    report = {"call_id": "a", "done": 1, "total": 2}
    for named, faults in (({}, 0), ({"tool_name": "research"}, 0), ({"tool_name": "fetch"}, 1)):
        events = told(START, THOUGHT, begin, ("tool_progress", {**report, **named}), end, END)
        assert len(story_faults(events)) == faults


def test_a_delegate_that_does_not_end_is_noticed():
    events = with_delegates()
    without_end = renumbered([event for event in events if event is not events[8]])
    assert "the run ended before its delegate first did" in story_faults(without_end)


def test_a_delegate_of_another_run_is_noticed():
    events = with_delegates()
    events[3] = replace(events[3], payload={"parent_run_id": "another"})
    assert "agent_thinking of the delegate first names another parent run" in story_faults(events)


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", "2026-01-01T00:00:00"])
def test_a_timestamp_must_be_a_moment(timestamp):
    events = with_tools()
    events[2] = replace(events[2], timestamp=timestamp)
    assert any("timestamp" in fault for fault in story_faults(events))


def test_a_run_that_never_started_tells_its_end_alone():
    assert story_faults(told(("agent_cancelled", {})), ended_before_start=True) == []
    assert story_faults(told(THOUGHT, ("agent_cancelled", {})), ended_before_start=True)
    assert story_faults(told(START), ended_before_start=True)


def test_a_story_is_looked_for_among_those_of_other_runs():
    other = told(START, THOUGHT, run="run-2", first_sequence=8)
    matcher = tells_a_complete_story(of=RUN)
    assert matcher.matches([*with_tools(), *other])
    assert not tells_a_complete_story().matches([*with_tools(), *other])
    assert not tells_a_complete_story(of="run-3").matches(with_tools())


def test_the_message_names_the_fault_and_shows_what_was_told():
    message = mismatch(tells_a_complete_story(of=RUN), with_tools()[:-1])
    assert "the end is missing" in message
    assert "1:agent_started 2:agent_thinking 3:tool_executing" in message


def test_no_gap_looks_at_all_events_of_a_user():
    first, second = with_tools(), told(START, THOUGHT, END, run="run-2", first_sequence=8)
    assert has_no_gap(after=0).matches([*first, *second])
    assert not has_no_gap(after=1).matches(first)
    assert not has_no_gap().matches([*first, *second[1:]])
    assert not has_no_gap().matches([*first, *first])
    assert not has_no_gap().matches([])
    assert "gap, 9 came where 8 was due" in mismatch(has_no_gap(), [*first, *second[1:]])


def test_a_new_epoch_counts_anew():
    old = [replace(event, epoch="a") for event in with_tools()]
    new = [replace(event, epoch="b") for event in told(START, THOUGHT, END, run="run-2", first_sequence=1)]
    assert has_no_gap(after=0).matches([*old, *new])


def test_no_gap_within_each_run_where_users_have_no_numbers():
    pairs = zip(with_tools(), told(START, THOUGHT, *call("a"), *call("b"), END, run="run-2"), strict=True)
    mixed = [replace(event, sequence=None) for pair in pairs for event in pair]
    assert has_no_gap_in_any_run().matches(mixed)
    assert not has_no_gap_in_any_run().matches(mixed[:2] + mixed[4:])
    assert not has_no_gap_in_any_run().matches([*mixed, mixed[-1]])
    assert not has_no_gap_in_any_run().matches([])


def test_where_a_platform_says_no_times_none_are_missed():
    untimed = [replace(event, timestamp=None, is_timed=False, received_wall=5.0) for event in with_tools()]
    assert story_faults(untimed) == []
    assert {event.moment for event in untimed} == {5.0}
    assert "no readable timestamp" in "; ".join(
        story_faults([replace(event, timestamp=None) for event in with_tools()])
    )


def test_a_notice_comes_once_and_alone():
    notice = Event("notice", payload={"notice_id": "n1"})
    assert has_the_notice("n1").matches([*with_tools(), notice])
    assert not has_the_notice("n1").matches([notice, notice])
    assert not has_the_notice("n1").matches(with_tools())
    assert not has_the_notice("n1").matches([notice, Event("notice", payload={"notice_id": "n2"})])
