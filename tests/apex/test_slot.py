"""A run in the hands of a slot: when it counts as one that does not give way."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from apex.worker.slot import _InHand
from support.scenario import waiting


@pytest.fixture
def tracker():
    return SimpleNamespace(finished=False, has_open_calls=False)


@pytest.fixture
def loop():
    """It only runs when it is told to."""
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def held(tracker, loop):
    """A run with much time, whose agent blocks: its loop does not run."""
    task: Any = loop.create_future()
    slot: Any = SimpleNamespace(tracker=tracker)
    return _InHand(task, slot, loop, limit_seconds=600)


def test_a_blocking_agent_has_its_time(held):
    assert [held.overdue() for _ in range(3)] == [False] * 3


def test_a_blocking_agent_that_is_cancelled_is_soon_overdue(held):
    held.cancel()
    waiting.wait_for(held.overdue, bool, 20, "the end of the grace")


@pytest.mark.parametrize("has_open_calls", [False, True], ids=["goes on", "has calls to be stopped"])
def test_an_agent_that_lets_its_loop_run_has_longer_while_it_has_calls_to_be_stopped(
    held, loop, tracker, has_open_calls
):
    def is_overdue():
        loop.run_until_complete(asyncio.sleep(0))
        return held.overdue()

    tracker.has_open_calls = has_open_calls
    held.cancel()
    first = held.due_at()
    waiting.wait_for(is_overdue, bool, 20, "the end of the grace")
    assert (held.due_at() is None) is has_open_calls
    assert time.monotonic() > first


def test_it_is_said_when_a_run_may_be_overdue(held):
    later = held.due_at()
    held.cancel()
    soon = held.due_at()
    assert soon < later
    waiting.wait_for(held.overdue, bool, 20, "the end of the grace")
    assert held.due_at() is None or held.due_at() > soon


def test_what_is_being_written_down_is_not(held, tracker):
    held.cancel()
    waiting.wait_for(held.overdue, bool, 20, "the end of the grace")
    tracker.finished = True
    assert not held.overdue()
