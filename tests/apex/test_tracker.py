"""A run's story while Redis cannot be reached, over a real line."""

import json
from typing import Any

from redis import Redis
from redis.exceptions import TimeoutError
from sqlalchemy import select

from apex.storage.database import Database
from apex.storage.runs import COMPLETED, Ending, end_run
from apex.storage.stream import EventStream
from apex.storage.tables import outbox
from apex.worker.tracker import Tracker
from support.stack.client import Fault, Stack


def told(redis: Redis, run: Any) -> list[tuple[int, str]]:
    """What is in the stream of the run's user, with the numbers in the run."""
    entries: Any = redis.xrange(f"events:{run.user_id}")
    events = [json.loads(fields["event"]) for _, fields in entries]
    return [(event["run_sequence"], event["payload"]["thought"]) for event in events]


def think(tracker: Tracker, *thoughts: str) -> None:
    for thought in thoughts:
        tracker.emit("agent_thinking", "probe", {"thought": thought})


def test_what_could_not_be_told_is_told_later_in_its_order(stack: Stack, addresses: dict[str, Any], run: Any) -> None:
    stream = EventStream(addresses["redis"]["url"], 100)
    tracker = Tracker(run, stream)
    think(tracker, "one")
    stack.set_fault("redis", Fault("refuse"))
    think(tracker, "two", "three")
    assert [event.payload["thought"] for event in tracker.untold] == ["two", "three"]
    stack.clear_fault("redis")
    tracker.finish()
    assert tracker.untold == []
    assert told(stream.redis, run) == [(1, "one"), (2, "two"), (3, "three")]
    assert tracker.last_run_sequence == 3


def test_what_was_told_and_not_confirmed_is_told_once(addresses: dict[str, Any], run: Any) -> None:
    class LosesReceipts(EventStream):
        lost = 1

        def publish(self, *given: Any) -> int:
            number = super().publish(*given)
            if self.lost:
                self.lost -= 1
                raise TimeoutError
            return number

    stream = LosesReceipts(addresses["redis"]["url"], 100)
    tracker = Tracker(run, stream)
    think(tracker, "one")
    assert len(tracker.untold) == 1
    tracker.finish()
    assert told(stream.redis, run) == [(1, "one")]
    think(tracker, "two")
    assert told(stream.redis, run) == [(1, "one"), (2, "two")]


def test_what_is_still_untold_leaves_with_the_end(
    stack: Stack, addresses: dict[str, Any], database: Database, run: Any
) -> None:
    tracker = Tracker(run, EventStream(addresses["redis"]["url"], 100))
    think(tracker, "one")
    stack.set_fault("redis", Fault("refuse"))
    think(tracker, "two")
    finished_at, steps, usage = tracker.finish()
    stack.clear_fault("redis")
    with database.tenant(run.tenant_id) as connection:
        end_run(
            connection,
            run,
            Ending(COMPLETED, answer={}, message="Done."),
            finished_at=finished_at,
            steps=steps,
            usage=usage,
            run_sequence_floor=tracker.last_run_sequence,
            untold=tracker.untold,
        )
        end = connection.scalars(select(outbox.c.payload).where(outbox.c.topic == "events")).one()
    assert [(each["payload"], each["run_sequence_floor"]) for each in end["before"]] == [({"thought": "two"}, 1)]
