"""What becomes of a tool call, whatever its tool does, with the records in a real PostgreSQL."""

import asyncio
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from pydantic import BaseModel
from sqlalchemy import insert, select

from apex.http.problems import Problem
from apex.runtime.discovery import Instance, Registry, new_id
from apex.settings import Discovery
from apex.storage.database import Database
from apex.storage.runs import now
from apex.storage.stream import EventStream
from apex.storage.tables import registered_tools, tenants, tool_calls
from apex.tools import Tool, ToolCall, ToolError
from apex.tools.dispatcher import Dispatcher, partners_client
from apex.tools.models import Execution, ExecutionAnswer
from tests.apex.examples import SETTINGS
from tests.servers import ApiServer

OWN_FAULT = "The tool 'some' failed because of a fault of its own."


class Nothing(BaseModel):
    """No parameters."""


class Some(Tool):
    """Does what it is made with."""

    name, description, permission, parameters = "some", "Some tool.", "partners:read", Nothing

    def __init__(self, work: Callable[[ToolCall], Any]) -> None:
        self._work = work

    async def execute(self, call: ToolCall, parameters: Nothing) -> Any:
        return await self._work(call)


def gives(result: Any) -> Some:
    """A tool with that result."""

    async def work(call: ToolCall) -> Any:
        return result

    return Some(work)


class Case:
    """One dispatcher, and one caller with one call that can be asked for again."""

    def __init__(self, database: Database) -> None:
        self.database, self.tenant, self.call_id = database, str(uuid.uuid4()), str(uuid.uuid4())
        with database.tenant(self.tenant) as connection:
            connection.execute(insert(tenants).values(id=self.tenant, name="Some", plan="free"))
        self.request = Execution(
            run_id=str(uuid.uuid4()), thread_id=str(uuid.uuid4()), agent_name="some", parameters={}
        )
        self.url = "http://127.0.0.1:1"

    def dispatcher(self, tools: list[Tool]) -> Dispatcher:
        """A new instance's."""
        settings = SETTINGS.model_copy(
            update={"partners": SETTINGS.partners.model_copy(update={"pricing_url": self.url})}
        )
        registry = Registry(redis.Redis.from_url("redis://127.0.0.1:1/0"), "tools", Discovery())
        instance = Instance(new_id(), "some", "http://some", "1.0", str(datetime.now(UTC)))
        stream = EventStream("redis://127.0.0.1:1/0", 1)
        return Dispatcher(tools, self.database, stream, registry, settings, instance)

    async def execute(self, tool: Tool) -> ExecutionAnswer:
        """What a new instance answers to the call."""
        caller = {"tenant_id": self.tenant, "user_id": str(uuid.uuid4()), "plan": "free", "role": "owner"}
        return await self.dispatcher([tool]).execute(tool, self.call_id, self.request, caller)

    def status(self) -> Any:
        """How the call is recorded."""
        with self.database.tenant(self.tenant) as connection:
            return connection.scalar(select(tool_calls.c.status).where(tool_calls.c.id == self.call_id))


@pytest.fixture
def case(database: Database) -> Case:
    return Case(database)


CIRCLE: dict[str, Any] = {}
CIRCLE["again"] = CIRCLE


@pytest.mark.parametrize("result", [None, ["a list"], "text", {"object": object()}, {"half": "\ud800"}, {1: 2}, CIRCLE])
def test_a_result_that_is_no_json_object_is_a_fault_of_the_tool(case, result):
    answer = asyncio.run(case.execute(gives(result)))
    assert (answer.status, answer.result) == ("failed", None)
    assert answer.error is not None
    assert (answer.error.code, answer.error.message, answer.error.recoverable) == ("tool_failed", OWN_FAULT, False)
    assert case.status() == "failed"


def test_a_result_is_given_again_as_it_was_given_first(case):
    tool = gives({"number": float("nan"), "day": datetime(2026, 1, 1, tzinfo=UTC)})
    first = asyncio.run(case.execute(tool))
    assert first.result == {"number": None, "day": "2026-01-01T00:00:00Z"}
    assert asyncio.run(case.execute(gives({"other": 1}))) == first
    assert case.status() == "succeeded"


def test_a_reason_that_cannot_be_written_down_is_told_as_far_as_it_can_be(case):
    async def work(call: ToolCall) -> Any:
        raise ToolError("half a character: \ud800")

    answer = asyncio.run(case.execute(Some(work)))
    assert answer.error is not None
    assert (answer.error.message, case.status()) == ("half a character: ?", "failed")


@pytest.mark.parametrize("way_out", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("is_in_thread", [False, True])
def test_a_tool_ends_nothing_but_its_own_call(case, way_out, is_in_thread):
    def end() -> None:
        raise way_out

    async def work(call: ToolCall) -> Any:
        return await call.in_thread(end) if is_in_thread else end()

    answer = asyncio.run(case.execute(Some(work)))
    assert answer.error is not None
    assert (answer.error.message, answer.error.recoverable, case.status()) == (OWN_FAULT, False, "failed")


def test_a_tool_that_gives_no_reason_still_says_that_it_failed(case):
    async def work(call: ToolCall) -> Any:
        raise ToolError("")

    answer = asyncio.run(case.execute(Some(work)))
    assert answer.error is not None
    assert answer.error.message == "The tool failed."


def test_a_call_is_not_begun_anew_while_the_thread_of_a_withdrawn_one_works(case):
    at_work, go_on = threading.Event(), threading.Event()

    def change() -> dict[str, Any]:
        at_work.set()
        go_on.wait(20)
        return {}

    async def scene() -> None:
        first = asyncio.ensure_future(case.execute(Some(lambda call: call.in_thread(change))))
        await asyncio.to_thread(at_work.wait, 20)
        first.cancel()
        for _ in range(2):
            with pytest.raises(Problem, match="other hands"):
                await case.execute(gives({}))
            assert case.status() == "running"
            first.cancel()
        go_on.set()
        await asyncio.wait([first])
        assert (first.cancelled(), case.status()) == (True, "cancelled")
        assert (await case.execute(gives({"anew": True}))).result == {"anew": True}

    try:
        asyncio.run(scene())
    finally:
        go_on.set()


def test_a_request_made_twice_is_meant_twice_and_known_again_when_the_call_is_repeated(case, api: ApiServer):
    case.url = api.url

    async def work(call: ToolCall) -> Any:
        for amount in (1, 1, 2):
            await call.send(f"{call.pricing_url}/payments", {"amount": amount})
        await call.fetch(f"{call.pricing_url}/prices")
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.get_running_loop().create_future()

    for _ in range(2):
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(case.execute(Some(work)))
    keys = [asked.headers["idempotency-key"] for asked in api.asked]
    assert (len(set(keys)), len(keys)) == (4, 8)
    assert keys[:4] == keys[4:]


def test_a_call_that_has_begun_is_finished_with_a_tool_that_was_withdrawn_since(case):
    row = {"name": f"some_{uuid.uuid4().hex[:8]}", "description": "Some.", "permission": "partners:read"}
    added = {**row, "id": str(uuid.uuid4()), "parameters": {}, "partner": "pricing", "path": "/", "withdrawn_at": now()}
    with case.database.tenant(case.tenant) as connection:
        connection.execute(insert(registered_tools).values(**added, tenant_id=case.tenant))
    caller = {"tenant_id": case.tenant}
    dispatcher = case.dispatcher([])

    def found(call_id: str, tenant: dict[str, str] = caller) -> str:
        name: str = asyncio.run(dispatcher.find_for(call_id, row["name"], tenant)).name
        return name

    with pytest.raises(Problem, match="was withdrawn"):
        found(case.call_id)
    began = {"id": case.call_id, "run_id": str(uuid.uuid4()), "user_id": str(uuid.uuid4()), "tool_name": row["name"]}
    with case.database.tenant(case.tenant) as connection:
        values = {**began, "status": "running", "instance": "some", "trace_id": "1", "started_at": now()}
        connection.execute(insert(tool_calls).values(**values, tenant_id=case.tenant))
    assert found(case.call_id) == row["name"]
    for others in (str(uuid.uuid4()), case.call_id):
        with pytest.raises(Problem, match="was withdrawn"):
            found(others, {"tenant_id": str(uuid.uuid4())})


def test_what_a_partner_has_set_for_one_call_is_not_sent_with_the_next(api: ApiServer):
    api.answer = lambda asked: (200, {"set-cookie": "session=of-one-customer; Path=/"}, {})

    async def two_calls() -> None:
        async with partners_client(5.0) as client:
            for _ in range(2):
                answer = await client.get(api.url)
                assert "set-cookie" in answer.headers

    asyncio.run(two_calls())
    assert [asked.headers.get("cookie") for asked in api.asked] == [None, None]
