"""The end of a run: what can be kept of an answer, and whose end it was when the receipt was lost."""

from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from apex.storage.runs import CANCELLED, COMPLETED, FAILED, TIMED_OUT, Ending, now
from apex.storage.tables import messages, runs
from apex.worker.supervisor import RUNS_ENDED, Supervisor, kept
from apex.worker.tracker import Tracker


@pytest.mark.parametrize("said", ["text", {"a": ["\\u0000", "🙂"]}, {"\\ud800": 1.5}])
def test_what_an_agent_says_is_kept_as_it_is(said):
    assert kept(said) == said


@pytest.mark.parametrize("said", ["\0", {"a": ["\ud800"]}, {"\udfff": 1}, {"a": ("\0",)}, {"a": float("nan")}])
def test_what_cannot_be_kept_is_the_agents_fault(said):
    with pytest.raises(ValueError, match="must"):
        kept(said)


class LosesReceipts:
    """The database, whose next transaction is made and its receipt lost; something may happen at that moment."""

    def __init__(self, database, meanwhile=lambda: None):
        self._database, self._meanwhile = database, meanwhile

    @contextmanager
    def tenant(self, tenant_id):
        with self._database.tenant(tenant_id) as connection:
            yield connection
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
            raise OperationalError("commit", {}, Exception("the connection is lost"))


def end(database, run):
    """Ends the run; how many ends were counted as this worker's."""
    unused: Any = None
    supervisor = Supervisor(database, unused, unused, unused, unused, "worker")
    supervisor._end(run, Ending(COMPLETED, answer={"a": 1}, message="Done."), Tracker(run, unused))
    return RUNS_ENDED.labels(run.agent_name, COMPLETED)._value.get()


def test_an_end_whose_receipt_was_lost_is_this_workers_own(database, run):
    assert end(LosesReceipts(database), run) == 1
    with database.tenant(run.tenant_id) as connection:
        assert len(connection.execute(select(messages)).all()) == 1


def test_an_end_that_another_worker_has_written_is_not(database, run):
    def take_over():
        with database.tenant(run.tenant_id) as connection:
            connection.execute(update(runs).values(finished_at=runs.c.finished_at + timedelta(microseconds=1)))

    assert end(LosesReceipts(database, take_over), run) == 0


@pytest.mark.parametrize(
    "ending", [Ending(COMPLETED, answer={"a": 1}, message="Done."), Ending(FAILED), Ending(TIMED_OUT)]
)
def test_an_accepted_cancellation_is_how_a_run_ends_whatever_its_agent_makes_of_it(database, run, ending):
    with database.tenant(run.tenant_id) as connection:
        connection.execute(update(runs).values(cancel_requested_at=now()))
    unused: Any = None
    supervisor = Supervisor(LosesReceipts(database), unused, unused, unused, unused, "worker")  # type: ignore[arg-type]
    supervisor._end(run, ending, Tracker(run, unused))
    with database.tenant(run.tenant_id) as connection:
        found = connection.execute(select(runs)).one()
        assert (found.status, found.answer, found.error) == (CANCELLED, None, None)
        assert connection.execute(select(messages)).all() == []
    assert RUNS_ENDED.labels(run.agent_name, CANCELLED)._value.get() == 1
