"""Aegra's driver: what it asks, what becomes of answers, and how frames of its streams become events."""

import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from support.platform.dialect import Meaning
from support.platform.driver import Anyone, NewAccount
from support.platform.drivers.aegra import AegraDecoder, AegraDriver
from support.platform.runs import RunStatus
from support.platform.story import Event
from support.platform.streams import Wanted
from tests.servers import ApiServer

RUN = "0b7c6a52-3f2a-4a55-9a37-0c6a4a1f7a11"
KEY = "a-key-of-the-run-that-is-long-enough"
STORED: dict[str, Any] = {
    "run_id": RUN,
    "thread_id": "thread-1",
    "status": "success",
    "input": {"request": {"steps": []}},
    "output": {"answer": {"kept": {"a": 1}, "partial": True}},
    "error_message": None,
    "user_id": "user-1",
    "created_at": "2026-11-26T17:00:00Z",
}


@pytest.fixture
def platform(api: ApiServer) -> AegraDriver:
    return AegraDriver({"aegra": api.url}, signing_key=KEY)


def answer(api: ApiServer, status: int, body: Any) -> None:
    api.answer = lambda asked: (status, {"x-request-id": "req-1"}, body)


# -- accounts -----------------------------------------------------------------------------------------------------


def test_an_account_needs_no_request_and_has_the_same_id_in_its_tokens(api: ApiServer, platform: AegraDriver):
    account = platform.provide(Anyone(), NewAccount("Acme", "a@acme.example", "pw", "Acme", "mid", "owner")).require()
    session = platform.log_in(Anyone(), email="a@acme.example", password="pw").require()
    claims = jwt.decode(session.access_token, KEY, algorithms=["HS256"])
    assert claims["sub"] == account.user_id == account.tenant_id
    assert api.asked == []


def test_each_session_has_a_token_of_its_own(platform: AegraDriver):
    first, second = (platform.log_in(Anyone(), email="a@b.example", password="").require() for _ in range(2))
    assert first.access_token != second.access_token
    assert "eyJ" not in repr(first)


# -- runs ---------------------------------------------------------------------------------------------------------


def test_a_run_is_asked_for_in_a_conversation_that_it_begins(api: ApiServer, platform: AegraDriver):
    answer(api, 200, STORED | {"status": "pending", "output": None})
    started = platform.start_run(Anyone("t"), "probe", input={"steps": []}).require()
    (asked,) = api.asked
    assert (asked.method, asked.path.rpartition("/")[2]) == ("POST", "runs")
    assert (asked.body["assistant_id"], asked.body["input"]) == ("probe", {"request": {"steps": []}})
    assert (started.status, started.request.input) == (RunStatus.QUEUED, {"steps": []})


def test_a_run_is_read_in_the_conversation_in_which_it_was_seen(api: ApiServer, platform: AegraDriver):
    answer(api, 200, STORED)
    platform.start_run(Anyone("t"), "probe", thread_id="thread-1").require()
    platform.run(Anyone("t"), RUN)
    platform.cancel_run(Anyone("t"), RUN)
    assert [asked.path for asked in api.asked[1:]] == [
        f"/threads/thread-1/runs/{RUN}",
        f"/threads/thread-1/runs/{RUN}/cancel",
    ]


@pytest.mark.parametrize(
    ("stored", "status", "code"),
    [
        ({}, RunStatus.COMPLETED, None),
        ({"status": "running"}, RunStatus.RUNNING, None),
        ({"status": "interrupted"}, RunStatus.CANCELLED, None),
        ({"status": "error", "error_message": "no"}, RunStatus.FAILED, "agent_failed"),
        ({"status": "error", "error_message": "Job exceeded maximum execution time"}, RunStatus.TIMED_OUT, "timed_out"),
    ],
)
def test_states_of_runs(api: ApiServer, platform: AegraDriver, stored: dict[str, Any], status: RunStatus, code: str):
    answer(api, 200, STORED | stored)
    read = platform.run(Anyone("t"), RUN).require()
    assert (read.status, read.error_code, read.is_partial) == (status, code, True)
    assert read.part("kept") == {"a": 1}


def test_a_state_that_no_run_can_have(api: ApiServer, platform: AegraDriver):
    answer(api, 200, STORED | {"status": "flying"})
    with pytest.raises(AssertionError, match="the status 'flying', which no run can have"):
        platform.run(Anyone("t"), RUN).require()


def test_runs_are_those_of_each_conversation_newest_first(api: ApiServer, platform: AegraDriver):
    older, newer = STORED | {"created_at": "2026-01-01"}, STORED | {"run_id": "r2", "created_at": "2026-02-02"}
    lists = {"/threads/search": [{"thread_id": "a"}, {"thread_id": "b"}], "/threads/a/runs": [older]}
    api.answer = lambda asked: (200, {}, lists.get(asked.path.partition("?")[0], [newer]))
    assert [run.id for run in platform.runs(Anyone("t")).require().items] == ["r2", RUN]


def test_a_list_that_is_none_is_not_read_as_one(api: ApiServer, platform: AegraDriver):
    answer(api, 200, {"threads": []})
    with pytest.raises(AssertionError, match="the answer is no JSON list"):
        platform.threads(Anyone("t")).require()


def test_after_a_full_page_of_conversations_the_next_one_begins(api: ApiServer, platform: AegraDriver):
    answer(api, 200, [{"thread_id": "a", "metadata": {"title": "Costs"}}, {"thread_id": "b", "metadata": None}])
    page = platform.threads(Anyone("t"), limit=2, cursor="4").require()
    assert (page.items[0].title, page.items[1].title, page.next) == ("Costs", None, "6")
    assert platform.threads(Anyone("t"), limit=3).require().next is None


@pytest.mark.parametrize(
    ("status", "body", "code", "detail"),
    [
        (404, {"error": "not_found", "message": "Thread 'x' not found", "details": None}, "not_found", "Thread 'x'"),
        (404, {"error": "not_found", "message": "Assistant 'x' not found"}, "unknown_agent", "Assistant 'x'"),
        (404, {"detail": "Not Found"}, "status_404", "Not Found"),
        (
            422,
            {"detail": [{"type": "missing", "loc": ["body"], "msg": "Field required"}]},
            "validation_failed",
            "missing",
        ),
    ],
)
def test_what_a_refusal_explains(api: ApiServer, platform: AegraDriver, status: int, body: Any, code: str, detail: str):
    answer(api, status, body)
    refused = platform.thread(Anyone("t"), "x")
    assert refused.problem is not None
    assert (refused.problem.code, refused.problem.request_id) == (code, "req-1")
    assert detail in refused.problem.detail
    assert refused.meaning in (Meaning.NOT_FOUND, Meaning.INVALID)


def test_messages_are_requests_and_answers(api: ApiServer, platform: AegraDriver):
    said = [
        {"type": "human", "id": "1", "content": "{}", "additional_kwargs": {"run_id": RUN}},
        {"type": "ai", "id": "2", "content": "", "additional_kwargs": {}, "tool_calls": [{}]},
        {"type": "tool", "id": "3", "content": "{}"},
        {"type": "ai", "id": "4", "content": "Done.", "additional_kwargs": {"answer": {"a": 1}, "run_id": RUN}},
    ]
    answer(api, 200, {"values": {"messages": said}})
    found = platform.messages(Anyone("t"), "thread-1").require().items
    assert [(each.role, each.content, each.data, each.run_id) for each in found] == [
        ("user", "{}", None, RUN),
        ("assistant", "Done.", {"a": 1}, RUN),
    ]


# -- streams ------------------------------------------------------------------------------------------------------


def frames(*parts: tuple[str, Any], first: int = 1) -> Iterator[str]:
    for number, (event, data) in enumerate(parts):
        yield json.dumps({"event": event, "data": json.dumps(data), "id": f"{RUN}_event_{first + 2 * number}"})


def decoded(*texts: str) -> list[Event]:
    decoder = AegraDecoder()
    return [each for text in texts for each in decoder.decode(text) if isinstance(each, Event)]


THOUGHT = ("messages", [{"content": "Hm.", "type": "AIMessageChunk"}, {"ls_integration": "langchain_chat_model"}])
CALL = ("tasks", {"id": "t1", "name": "tool", "input": {"id": "c1", "name": "read_prices", "args": {"a": 1}}})


def result(status: str, content: Any, tool: str = "read_prices") -> tuple[str, Any]:
    message = {"type": "tool", "name": tool, "tool_call_id": "c1", "status": status, "content": json.dumps(content)}
    return "tasks", {"id": "t1", "name": "tool", "error": None, "result": {"messages": [message]}}


START = ("metadata", {"run_id": RUN, "attempt": 1})
VALUES = ("values", {"answer": {"total": "1.00"}})
END = ("end", {"status": "success"})


def test_the_story_of_a_run():
    told = decoded(*frames(START, THOUGHT, CALL, result("success", {"prices": {}}), VALUES, END))
    assert [event.type for event in told] == [
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
    ]
    assert [event.run_sequence for event in told] == [1, 2, 3, 4, 5]
    assert {event.run_id for event in told} == {RUN}
    assert told[2].payload == {"call_id": "c1", "tool_name": "read_prices", "parameters": {"a": 1}}
    assert (told[3].payload["outcome"], told[3].payload["result"]) == ("succeeded", {"prices": {}})
    assert told[4].payload == {"answer": {"total": "1.00"}, "partial": False}


def test_a_tool_that_fails():
    told = decoded(*frames(START, CALL, result("error", {"code": "tool_failed", "message": "no"})))
    assert (told[-1].payload["outcome"], told[-1].payload["error"]["code"]) == ("failed", "tool_failed")
    assert told[-1].call_id == "c1"


def test_the_end_of_a_call_is_not_made_up_from_its_start():
    told = decoded(*frames(START, CALL, result("success", {}, tool="another_tool")))
    assert [event.payload["tool_name"] for event in told[1:]] == ["read_prices", "another_tool"]


@pytest.mark.parametrize(
    ("parts", "type", "code"),
    [
        (
            [("error", {"error": "RuntimeError", "message": "RuntimeError: execution failed"})],
            "agent_error",
            "agent_failed",
        ),
        ([("error", {"error": "TimeoutError", "message": "late"})], "agent_error", "timed_out"),
        ([("end", {"status": "interrupted"})], "agent_cancelled", None),
        ([("end", {"status": "error"})], "agent_error", "agent_failed"),
    ],
)
def test_every_end_is_told_once(parts: list[tuple[str, Any]], type: str, code: str | None):
    told = decoded(*frames(START, *parts, ("end", {"status": "error"})))
    assert [(event.type, event.payload.get("code")) for event in told[1:]] == [(type, code)]


def test_what_the_model_did_not_say_is_no_thought():
    answered = ("messages", [{"content": "Done.", "type": "AIMessageChunk"}, {"ls_integration": "langgraph"}])
    assert decoded(*frames(answered)) == []


def test_many_thoughts_and_reports_come_as_they_were_written():
    report = {"progress": "Read.", "done": 1, "total": 2, "call_id": "c1", "tool_name": "probe_research"}
    told = decoded(*frames(("custom", {"thought": "A"}), ("custom", report)))
    assert [event.type for event in told] == ["agent_thinking", "tool_progress"]
    assert (told[1].payload["done"], told[1].payload["message"]) == (1, "Read.")


def test_a_frame_that_is_missing_leaves_a_gap():
    first, _, third = frames(START, THOUGHT, VALUES)
    (end,) = frames(END, first=7)
    assert [event.run_sequence for event in decoded(first, third, end)] == [1, 3]


def test_a_frame_that_comes_twice_is_a_step_back():
    first, second = frames(START, THOUGHT)
    assert [event.run_sequence for event in decoded(first, second, second)] == [1, 2, 2]


@pytest.mark.parametrize("text", ["nonsense", "{}", '{"event": "end", "data": "{}"}', '{"event": "end", "id": "x"}'])
def test_a_frame_that_makes_no_sense(text: str):
    with pytest.raises(ValueError, match=r"not an event|Expecting value"):
        decoded(text)


def test_a_stream_is_asked_for_from_its_first_event(api: ApiServer, platform: AegraDriver):
    # What resumes a stream names a later event; see tests/platform/test_server_sent_events.py.
    wanted = Wanted("token-1", run_id=RUN, thread_id="thread-1", website="https://app.example")
    asked = platform.transport("ws://127.0.0.1:1")._request(wanted)
    assert (asked.path, asked.form) == (f"/threads/thread-1/runs/{RUN}/stream", None)
    assert asked.headers["last-event-id"] == f"{RUN}_event_0"
    assert (asked.headers["authorization"], asked.headers["origin"]) == ("Bearer token-1", "https://app.example")
    assert platform.transport("ws://127.0.0.1:1").address == "http://127.0.0.1:1"
