"""The end of a run: what can be kept of an answer, and whose end it was when the receipt was lost."""

import asyncio
import uuid
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from apex.agents import Agent
from apex.storage.repeating import UnknownOutcome
from apex.storage.runs import CANCELLED, COMPLETED, FAILED, TIMED_OUT, Ending, cancel_run, end_run, now
from apex.storage.storable import kept
from apex.storage.tables import messages, outbox, runs
from apex.worker.supervisor import RUNS_ENDED, Supervisor
from apex.worker.tracker import Tracker


@pytest.mark.parametrize("said", ["text", {"a": ["\\u0000", "🙂"]}, {"\\ud800": 1.5}])
def test_what_an_agent_says_is_kept_as_it_is(said):
    assert kept(said) == said


@pytest.mark.parametrize("said", ["\0", {"a": ["\ud800"]}, {"\udfff": 1}, {"a": ("\0",)}, {"a": float("nan")}])
def test_what_cannot_be_kept_is_the_agents_fault(said):
    with pytest.raises(ValueError, match="must"):
        kept(said)


LOST = UnknownOutcome("the connection was lost")


class LosesReceipts:
    """The database, whose next transaction is made and its receipt lost; something may happen at that moment."""

    def __init__(self, database, meanwhile=lambda: None, error=LOST):
        self._database, self._meanwhile, self._error = database, meanwhile, error

    @contextmanager
    def tenant(self, tenant_id):
        with self._database.tenant(tenant_id) as connection:
            yield connection
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
            raise self._error


def end(database, run):
    """Ends the run; how many ends were counted as this worker's."""
    unused: Any = None
    supervisor = Supervisor(database, unused, unused, unused, unused, "worker")
    supervisor._end(run, Ending(COMPLETED, answer={"a": 1}, message="Done."), Tracker(run, unused))
    return RUNS_ENDED.labels(run.agent_name, COMPLETED)._value.get()


@pytest.mark.parametrize("error", [LOST, OperationalError("commit", {}, Exception("lost"))])
def test_an_end_whose_receipt_was_lost_is_this_workers_own(database, run, error):
    before = RUNS_ENDED.labels(run.agent_name, COMPLETED)._value.get()
    assert end(LosesReceipts(database, error=error), run) == before + 1
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


@pytest.mark.parametrize("ending", [Ending(COMPLETED, answer={"a": 1}, message="Done."), Ending(CANCELLED)])
def test_the_first_who_asked_has_cancelled_a_run_whoever_asks_again(database, run, ending):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    for who in (first, second):
        with database.tenant(run.tenant_id) as connection:
            cancel_run(connection, connection.execute(select(runs).where(runs.c.id == run.id)).one(), who)
    with database.tenant(run.tenant_id) as connection:
        end_run(connection, run, ending, finished_at=now(), steps=[])
        told = connection.scalars(select(outbox.c.payload).where(outbox.c.topic == "events")).all()
    assert [event["payload"] for event in told if event["run_id"] == run.id] == [{"cancelled_by": first}]


class Stubborn(Agent):
    """Answers when it is cancelled."""

    name, description = "stubborn", "Answers all the same."

    async def run(self, context: Any) -> dict[str, Any]:
        with suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()
        return {"a": 1}


def test_an_answer_that_comes_after_the_time_limit_is_none(database, run):
    unused: Any = SimpleNamespace(calls_at_once=8, publish=lambda event: 1)
    supervisor = Supervisor(database, unused, unused, unused, unused, "worker")
    limited: Any = SimpleNamespace(**{**run._mapping, "time_limit_seconds": 0.05})
    ending = asyncio.run(supervisor._ending(limited, Stubborn(), Tracker(limited, unused), unused))
    assert ending.status == TIMED_OUT


class Asking(Agent):
    """Calls a tool with parameters that are no JSON."""

    name, description = "asking", "Asks for the impossible."

    async def run(self, context: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", await context.call_tool("some", {"share": float("nan")}))


def test_parameters_that_are_no_json_are_the_agents_fault_and_nothing_is_told_of_the_call(database, run):
    told: list[Any] = []

    def tells(event: Any) -> int:
        told.append(event.type)
        return 1

    unused: Any = SimpleNamespace(calls_at_once=8, publish=tells)
    supervisor = Supervisor(database, unused, unused, unused, unused, "worker")
    ending = asyncio.run(supervisor._ending(run, Asking(), Tracker(run, unused), unused))
    assert (ending.status, ending.error and ending.error["code"]) == (FAILED, "agent_failed")
    assert told == ["agent_started"]
