"""Holding rows and tables of the platform's schema, as scenarios do."""

from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from support.scenario.bookkeeping import Books
from support.scenario.undo import UndoStack
from support.scenario.verdict import Verdict, verdict_of_step
from support.stores import locks
from support.stores.locks import Hold


@pytest.fixture
def world(settings, database):
    """As much of a scenario as a hold knows of; what is held is released at the end."""
    addresses = SimpleNamespace(postgres_application_url=settings.url.get_secret_value())
    scenario: Any = SimpleNamespace(addresses=addresses, undo=UndoStack(), books=Books())
    yield scenario
    assert scenario.undo.run_all() == []


def test_what_cannot_be_had_shows_nothing(world, monkeypatch):
    monkeypatch.setattr(locks, "_LOCK_MILLISECONDS", 100)
    Hold(world).table_from_all("threads")
    with pytest.raises(psycopg.errors.LockNotAvailable) as missing:
        Hold(world).table("threads")
    assert verdict_of_step("when", "error", missing.value) is Verdict.INCONCLUSIVE


def test_what_was_released_can_be_had(world):
    Hold(world).table_from_all("threads").release()
    Hold(world).table_from_all("threads")
