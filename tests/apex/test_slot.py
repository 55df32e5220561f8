"""A run in the hands of a slot: when it counts as one that does not give way."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from apex.worker.slot import _InHand
from support.scenario import waiting


@pytest.fixture
def tracker():
    return SimpleNamespace(finished=False)


@pytest.fixture
def held(tracker):
    """A run with much time, whose agent blocks: its loop does not run."""
    loop = asyncio.new_event_loop()
    task: Any = loop.create_future()
    slot: Any = SimpleNamespace(tracker=tracker)
    yield _InHand(task, slot, loop, limit_seconds=600)
    loop.close()


def test_a_blocking_agent_has_its_time(held):
    assert [held.overdue() for _ in range(3)] == [False] * 3


def test_a_blocking_agent_that_is_cancelled_is_soon_overdue(held):
    held.cancel()
    waiting.wait_for(held.overdue, bool, 20, "the end of the grace")


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
