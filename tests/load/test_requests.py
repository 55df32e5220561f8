"""A crowd of requests in a process of its own: who asks what, in which order, and what becomes of it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.load.process import LoadProcess
from support.scenario.verdict import NotShown
from tests.servers import ApiServer, Asked


@pytest.fixture
def load() -> Iterator[LoadProcess]:
    """A process that makes requests."""
    process = LoadProcess("requests")
    yield process
    process.close()


def request(url: str, path: str, *, json: Any = None, after: float = 0.0, pause: float = 0.0) -> dict[str, Any]:
    """A request as it is ordered."""
    return {
        "method": "POST",
        "url": url + path,
        "headers": {"x-who": path},
        "json": json,
        "after": after,
        "pause": pause,
    }


def test_every_member_asks_in_their_order_and_is_answered(load: LoadProcess, api: ApiServer) -> None:
    plans = {who: [request(api.url, f"/{who}/{n}", json={"n": n}) for n in range(3)] for who in ("ada", "ben")}
    load.order("begin", members=plans)
    answers, done = load.order("finish")
    assert done["requests"] == 6
    assert {(each["name"], each["number"], each["status"]) for each in answers} == {
        (who, n, 200) for who in plans for n in range(3)
    }
    assert [asked.body for asked in api.asked if asked.path.startswith("/ada")] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert all(asked.headers["x-who"] == asked.path for asked in api.asked)


def test_a_request_is_made_when_it_is_planned_and_counted_from_then(load: LoadProcess, api: ApiServer) -> None:
    def slow_at_first(asked: Asked) -> tuple[int, dict[str, str], Any]:
        deadline = time.monotonic() + (0.3 if asked.path == "/first" else 0)
        while time.monotonic() < deadline:
            pass
        return 200, {}, {}

    api.answer = slow_at_first
    load.order("begin", members={"ada": [request(api.url, "/first"), request(api.url, "/second", after=0.1)]})
    answers, _ = load.order("finish")
    first, second = sorted(answers, key=lambda each: each["number"])
    assert second["sent"] >= first["sent"] + 0.3
    assert second["seconds"] >= 0.2


def test_a_line_that_breaks_is_an_answer_too(load: LoadProcess, api: ApiServer) -> None:
    api.answer = lambda asked: (0, {}, None)
    load.order("begin", members={"ada": [request(api.url, "/gone")]})
    (answer,), _ = load.order("finish")
    assert answer["status"] is None
    assert "RemoteProtocolError" in answer["error"]


def test_a_process_that_has_ended_is_said_so(load: LoadProcess) -> None:
    load.close()
    with pytest.raises((NotShown, ValueError)):
        load.order("finish")


def test_a_pause_lies_between_an_answer_and_the_next_request(load: LoadProcess, api: ApiServer) -> None:
    load.order("begin", members={"ada": [request(api.url, "/1"), request(api.url, "/2", pause=0.2)]})
    (first, second), _ = load.order("finish")
    assert second["sent"] - (first["sent"] + first["seconds"]) >= 0.2
    assert first["headers"]["content-type"]


def test_members_can_be_told_to_make_a_few_more_requests_and_leave(load: LoadProcess, api: ApiServer) -> None:
    load.order("begin", members={who: [request(api.url, f"/{who}", pause=0.01)] * 10_000 for who in ("ada", "ben")})
    _, done = load.order("finish", more=5)
    before_that = done["requests"] - 2 * 5
    assert before_that < 1_000
    load.order("begin", members={"ada": [request(api.url, "/ada")] * 3})
    assert load.order("finish", more=5)[1]["requests"] == 3
