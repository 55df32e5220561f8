"""How a worker asks for tools: what goes over the line, and what an agent is told."""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from apex.agents import ToolFailed
from apex.runtime.discovery import Directory, Registry
from apex.settings import Discovery
from apex.worker.toolbox import Toolbox
from tests.apex.examples import SETTINGS
from tests.servers import ApiServer

NOTHING_USED = {"bytes_read": 0, "cpu_seconds": 0.0, "duration_seconds": 0.0}
STORY = {"run_id": "1", "thread_id": "1", "agent_name": "some", "delegated": False}


@pytest.fixture
def directory(api: ApiServer) -> Iterator[Directory]:
    """Knows the one server there is."""
    with redis.Redis.from_url("redis://127.0.0.1:1/0") as nowhere:
        yield Directory(Registry(nowhere, "tools", Discovery()), api.url)


def called(directory: Directory, name: str) -> Any:
    """What comes of a call."""

    async def call() -> Any:
        toolbox = Toolbox(SETTINGS, directory)
        try:
            return await toolbox.call(str(uuid.uuid4()), name, {}, STORY, {"tenant_id": "1"})
        finally:
            await toolbox.close()

    return asyncio.run(call())


def failed(directory: Directory, name: str) -> ToolFailed:
    """How a call fails."""
    with pytest.raises(ToolFailed) as failure:
        called(directory, name)
    return failure.value


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("read_prices", "read_prices"),
        ("../../operations/tools", "%2E%2E%2F%2E%2E%2Foperations%2Ftools"),
        ("..", "%2E%2E"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("ä", "%C3%A4"),
    ],
)
def test_the_name_of_a_tool_stays_one_segment_of_the_path(api, directory, name, segment):
    api.answer = lambda asked: (404, {}, {"code": "unknown_tool", "detail": "There is no such tool."})
    assert failed(directory, name).code == "unknown_tool"
    assert [asked.path for asked in api.asked] == [f"/v1/tools/{segment}/executions"]


def test_a_call_that_stays_in_other_hands_may_still_be_done(api, directory):
    api.answer = lambda asked: (409, {}, {"code": "in_progress", "detail": "This call is in other hands."})
    told = failed(directory, "research")
    assert (told.message, told.recoverable) == ("The tool 'research' is still carrying out the call.", True)
    assert len(api.asked) > 1


def test_an_instance_that_breaks_off_after_long_work_is_not_the_end_of_patience(api, directory):
    patience = 2 * SETTINGS.discovery.lease_seconds
    answered = {"status": "succeeded", "result": {}, "error": None, "usage": NOTHING_USED}
    said: Iterator[Any] = iter(
        [(0, {}, None), (409, {}, {"code": "in_progress", "detail": "Wait."}), (200, {}, answered)]
    )

    def answer(_: Any) -> Any:
        if len(api.asked) == 1:
            threading.Event().wait(1.5 * patience)
        return next(said)

    api.answer = answer
    assert called(directory, "research").result == {}
    assert len(api.asked) == 3


def test_a_failed_call_tells_what_it_has_used_all_the_same(api, directory):
    error = {"code": "tool_failed", "message": "Not today.", "recoverable": False}
    usage = {"bytes_read": 700, "cpu_seconds": 0.25, "duration_seconds": 1.5}
    body = {"status": "failed", "result": None, "error": error, "usage": usage}
    api.answer = lambda asked: (200, {}, body)
    told = failed(directory, "research")
    assert (told.message, told.cpu_seconds, told.duration_seconds) == ("Not today.", 0.25, 1.5)
    assert told.bytes_read > 700


def test_another_refusal_is_final(api, directory):
    api.answer = lambda asked: (409, {}, {"code": "conflict", "detail": "This key belongs to another call."})
    told = failed(directory, "research")
    assert (told.message, told.recoverable) == ("The tool 'research' refused the call.", False)
