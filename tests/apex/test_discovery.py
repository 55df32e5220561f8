"""How instances find each other, and whose a tool call is, on a real Redis and a real PostgreSQL."""

import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import Row, insert, select

from apex.http.problems import Problem
from apex.runtime.discovery import Directory, Instance, Registry, new_id
from apex.settings import Discovery
from apex.storage.database import Database
from apex.storage.runs import CANCELLED, Ending, end_run
from apex.storage.tables import runs, tenants, threads, tool_calls, users
from apex.tools.calls import CallRecords
from apex.tools.models import ExecutionAnswer, ExecutionUsage
from apex.tools.tool import ToolCall
from support.scenario.waiting import wait_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = Discovery(heartbeat_seconds=0.05, lease_seconds=0.2)


@pytest.fixture
def client(stack):
    with redis.Redis.from_url(stack.addresses.redis_url, decode_responses=True) as client:
        yield client
        client.flushall()


def instance(name: str) -> Instance:
    return Instance(new_id(), name, f"http://{name}", "1.0", "2026-01-01T00:00:00.000000Z")


def names(registry: Registry) -> list[str]:
    return [each.name for each in registry.instances()]


def test_an_instance_is_known_for_a_lease_and_while_it_says_so(client):
    registry = Registry(client, "tools", LEASE)
    first, second = instance("first"), instance("second")
    registry.register(first)
    registry.register(second)
    assert names(registry) == ["first", "second"]

    def kept() -> list[str]:
        registry.register(first)
        return names(registry)

    wait_for(kept, lambda found: found == ["first"], 5.0)
    assert (registry.is_gone(first.id), registry.is_gone(second.id)) == (False, True)


def test_who_is_started_again_takes_the_place_of_who_was_there(client):
    registry = Registry(client, "tools", Discovery(lease_seconds=60))
    before, after = instance("first"), instance("first")
    registry.register(before)
    registry.register(after)
    registry.withdraw(before)
    assert registry.instances() == [after]
    registry.withdraw(after)
    assert registry.instances() == []


def test_a_store_that_has_lost_its_data_says_of_nobody_that_they_are_gone(client):
    registry = Registry(client, "tools", Discovery(lease_seconds=60))
    lost = instance("lost")
    assert not registry.is_gone(lost.id)
    registry.register(instance("first"))
    assert not registry.is_gone(lost.id)
    client.delete("instances:tools:young")  # a lease later
    assert registry.is_gone(lost.id)
    client.flushall()
    assert not registry.is_gone(lost.id)


def test_a_directory_takes_turns_and_keeps_what_it_knew(client):
    registry = Registry(client, "tools", LEASE)
    directory = Directory(registry, "http://configured")
    assert directory.pick() == "http://configured"
    registry.register(instance("first"))
    registry.register(instance("second"))
    directory.start()
    try:
        both = {"http://first", "http://second"}
        wait_for(lambda: {directory.pick(), directory.pick()}, lambda picked: picked == both, 5.0)
        assert directory.pick(avoid={"http://first"}) == "http://second"
        assert directory.pick(avoid=both) in both
        wait_for(lambda: names(registry), lambda found: found == [], 5.0)
        assert directory.pick() in both
    finally:
        directory.close()
        directory.join()


@pytest.fixture
def call(database):
    tenant = str(uuid.uuid4())
    with database.tenant(tenant) as connection:
        connection.execute(insert(tenants).values(id=tenant, name="Some", plan="free"))
    ids = (str(uuid.uuid4()), "research", str(uuid.uuid4()), tenant, str(uuid.uuid4()))
    nobody: Any = None
    return ToolCall(*ids, httpx.AsyncClient(), "http://partner", nobody, nobody, lambda report: None)


def answer(call: ToolCall) -> ExecutionAnswer:
    usage = ExecutionUsage(bytes_read=1, cpu_seconds=0.1, duration_seconds=0.2)
    result = {"text": "a zero character: \x00"}
    return ExecutionAnswer(call_id=uuid.UUID(call.call_id), status="succeeded", result=result, error=None, usage=usage)


def two(client: redis.Redis, database: Database) -> tuple[Registry, CallRecords, CallRecords]:
    """The registry, and the records as a living and as a gone instance keep them."""
    registry = Registry(client, "tools", Discovery(lease_seconds=60))
    alive, gone = instance("alive"), instance("gone")
    registry.register(alive)
    client.delete("instances:tools:young")
    return registry, CallRecords(database, registry, alive), CallRecords(database, registry, gone)


def test_a_call_that_ended_has_its_answer_again(client, database, call):
    _, alive, gone = two(client, database)
    assert gone.begin(call, NOW) is None
    gone.finish(call, answer(call))
    assert alive.begin(call, NOW) == answer(call)


def test_a_call_is_left_to_who_is_at_it(client, database, call):
    _, alive, gone = two(client, database)
    assert alive.begin(call, NOW) is None
    for other in (alive, gone):
        with pytest.raises(Problem, match="other hands"):
            other.begin(call, NOW)


def test_a_call_whose_instance_is_gone_is_taken_over_and_stays_so(client, database, call):
    _, alive, gone = two(client, database)
    assert gone.begin(call, NOW) is None
    assert alive.begin(call, NOW) is None
    with pytest.raises(Problem, match="other hands"):
        gone.finish(call, answer(call))
    alive.finish(call, answer(call))
    assert alive.begin(call, NOW) == answer(call)


def test_a_call_that_was_withdrawn_can_be_asked_for_again(client, database, call):
    _, alive, gone = two(client, database)
    assert alive.begin(call, NOW) is None
    alive.withdraw(call, 0.1)
    assert gone.begin(call, NOW) is None


def test_a_key_is_of_one_call_alone(client, database, call):
    _, alive, _ = two(client, database)
    assert alive.begin(call, NOW) is None
    call.tool_name = "another"
    with pytest.raises(Problem, match="another call"):
        alive.begin(call, NOW)


def test_in_doubt_a_call_is_not_taken_over(client, database, call):
    registry, _, gone = two(client, database)
    assert gone.begin(call, NOW) is None
    nowhere = redis.Redis.from_url("redis://127.0.0.1:9/0", socket_connect_timeout=1)
    doubtful = CallRecords(database, Registry(nowhere, "tools", registry.settings), instance("third"))
    with pytest.raises(Problem, match="other hands"):
        doubtful.begin(call, NOW)


def test_an_answer_is_kept_while_its_run_lasts(client, database, call):
    _, alive, gone = two(client, database)
    run = started_run(database, call)
    assert alive.begin(call, NOW) is None
    alive.finish(call, answer(call))
    assert alive.begin(call, NOW) == answer(call)
    with database.tenant(call.tenant_id) as connection:
        assert end_run(connection, run, Ending(CANCELLED), finished_at=NOW, steps=[])
    for each in (alive, gone):
        with pytest.raises(Problem, match="has ended"):
            each.begin(call, NOW)


def test_an_answer_that_comes_after_the_end_of_its_run_is_not_kept(client, database, call):
    _, alive, _ = two(client, database)
    run = started_run(database, call)
    assert alive.begin(call, NOW) is None
    with database.tenant(call.tenant_id) as connection:
        assert end_run(connection, run, Ending(CANCELLED), finished_at=NOW, steps=[])
    alive.finish(call, answer(call))
    with database.tenant(call.tenant_id) as connection:
        kept = connection.execute(select(tool_calls.c.status, tool_calls.c.answer)).all()
        assert connection.scalar(select(runs.c.input)) == {"password": "***", "path": "/here"}
    assert kept == [("succeeded", None)]


def started_run(database: Database, call: ToolCall) -> Row[Any]:
    """The run of a call, at work."""
    thread = {"id": str(uuid.uuid4()), "tenant_id": call.tenant_id, "user_id": call.user_id, "title": "Some"}
    user = {"id": call.user_id, "tenant_id": call.tenant_id, "email": f"{call.user_id}@x.example", "role": "owner"}
    run = {
        "id": call.run_id,
        "tenant_id": call.tenant_id,
        "user_id": call.user_id,
        "thread_id": thread["id"],
        "agent_name": "some",
        "input": {"password": "abc", "path": "/here"},
        "status": "running",
        "time_limit_seconds": 1,
        "caller": {},
        "traceparent": f"00-{'1' * 32}-{'1' * 16}-01",
        "request_id": "1",
        "started_at": NOW,
    }
    with database.tenant(call.tenant_id) as connection:
        connection.execute(insert(users).values(password_hash="none", **user))
        connection.execute(insert(threads).values(thread))
        return connection.execute(insert(runs).values(run).returning(runs)).one()
