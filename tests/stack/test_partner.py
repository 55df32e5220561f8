"""The partner answers as programmed, keeps a journal, and notices at once when a caller leaves."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from support.scenario.waiting import eventually
from support.stack.client import Stack
from tests.stack.network import Customer

Control = Callable[..., requests.Response]


@pytest.fixture
def control(small_stack: Stack) -> Iterator[Control]:
    """Calls the control API; all routes are removed at the end."""
    addresses = small_stack.addresses
    headers = {"Authorization": f"Bearer {addresses.partner_control_token}"}

    def call(method: str, path: str, **given: Any) -> requests.Response:
        url = f"{addresses.partner_control_url}/_control{path}"
        return requests.request(method, url, headers=headers, timeout=5, **given)

    yield call
    call("DELETE", "/routes/")


@pytest.fixture
def journal(control: Control) -> Callable[[], list[dict[str, Any]]]:
    """The requests since the beginning of the test."""
    before = control("GET", "/journal").json()["items"]
    last = before[-1]["number"] if before else 0
    return lambda: list(control("GET", "/journal", params={"since": last}).json()["items"])


def ask(stack: Stack, path: str, **given: Any) -> requests.Response:
    return requests.get(stack.addresses.partner_url + path, timeout=5, **given)


def test_prices_are_decimals_as_text(small_stack: Stack):
    answer = ask(small_stack, "/v1/prices", params={"region": "eu-central-1"}).json()
    assert (answer["currency"], answer["region"]) == ("USD", "eu-central-1")
    assert Decimal(answer["prices"]["t3.micro"]) > 0
    assert all(isinstance(price, str) for price in answer["prices"].values())
    assert ask(small_stack, "/v2/prices").status_code == 404


def test_smaller_sizes_cost_less(small_stack: Stack):
    sizes = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge")
    prices = ask(small_stack, "/v1/prices").json()["prices"]
    for family in {name.split(".")[0] for name in prices}:
        ordered = [Decimal(prices[f"{family}.{size}"]) for size in sizes if f"{family}.{size}" in prices]
        assert ordered == sorted(set(ordered)), family


def test_a_programmed_answer(small_stack: Stack, control: Control):
    route = {"status": 503, "body": {"error": "busy"}, "headers": {"retry-after": "7"}}
    assert control("PUT", "/routes/v1/prices", json=route).status_code == 204
    answer = ask(small_stack, "/v1/prices")
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (503, {"error": "busy"}, "7")
    assert control("DELETE", "/routes/v1/prices").json() == {"removed": 1}
    assert ask(small_stack, "/v1/prices").status_code == 200


def test_a_text_as_answer(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1", json={"body": "<not json>"})
    assert ask(small_stack, "/v1/prices").text == "<not json>"


def test_the_longest_path_answers(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1", json={"status": 500})
    control("PUT", "/routes/v1/prices", json={"status": 429})
    assert ask(small_stack, "/v1/prices").status_code == 429
    assert ask(small_stack, "/v1/other").status_code == 500
    assert ask(small_stack, "/v10").status_code == 404


def test_a_route_for_requests_with_certain_parameters(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1/prices?region=far", json={"status": 500})
    assert ask(small_stack, "/v1/prices", params={"region": "far"}).status_code == 500
    assert ask(small_stack, "/v1/prices", params={"region": "near"}).status_code == 200


def test_a_route_for_some_requests(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1/prices", json={"status": 500, "times": 2})
    assert [ask(small_stack, "/v1/prices").status_code for _ in range(3)] == [500, 500, 200]


def test_a_late_answer(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1/prices", json={"delay_seconds": 0.2})
    begin = time.monotonic()
    assert ask(small_stack, "/v1/prices").status_code == 200
    assert 0.2 <= time.monotonic() - begin < 1


def test_an_answer_that_breaks_off(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1/prices", json={"close_after_bytes": 10})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(small_stack, "/v1/prices")


def test_an_answer_in_two_parts(small_stack: Stack, control: Control):
    control("PUT", "/routes/v1/prices", json={"delay_seconds": 0.3, "in_two_parts": True})
    with ask(small_stack, "/v1/prices", stream=True) as answer:
        parts = answer.iter_content(1)
        began, told_at = next(parts), time.monotonic()
        rest = b"".join(parts)
    assert time.monotonic() - told_at >= 0.2
    assert began
    assert rest
    assert json.loads(began + rest)["currency"] == "USD"


def test_the_journal(small_stack: Stack, journal: Callable[[], list[dict[str, Any]]]):
    url = small_stack.addresses.partner_url + "/v1/orders?kind=all"
    begin = time.time()
    requests.post(url, data="wanted: one", headers={"traceparent": "00-1-2-01"}, timeout=5)
    ask(small_stack, "/v1/prices")
    first, second = journal()
    assert second["number"] == first["number"] + 1
    assert (first["method"], first["path"], first["query"]) == ("POST", "/v1/orders", {"kind": "all"})
    assert (first["body"], first["headers"]["traceparent"]) == ("wanted: one", "00-1-2-01")
    assert (first["status"], second["status"]) == (404, 200)
    assert begin <= first["received_at"] <= first["answered_at"] <= time.time()
    assert first["closed_by_client_at"] is None


def test_a_held_request_is_answered_when_it_is_released(
    small_stack: Stack, control: Control, journal: Callable[[], list[dict[str, Any]]]
):
    control("PUT", "/routes/v1/prices", json={"hold": True})
    answers: list[requests.Response] = []
    caller = threading.Thread(target=lambda: answers.append(ask(small_stack, "/v1/prices")))
    caller.start()
    held = eventually(journal, lambda entries: len(entries) == 1, within=5)[0]
    assert (held["answered_at"], held["status"]) == (None, None)
    assert control("POST", "/release/v1/prices").json() == {"released": 1}
    caller.join(5)
    assert [answer.status_code for answer in answers] == [200]
    assert journal()[0]["status"] == 200


def test_a_caller_who_leaves_is_noticed_at_once(
    small_stack: Stack, control: Control, journal: Callable[[], list[dict[str, Any]]]
):
    control("PUT", "/routes/v1/prices", json={"hold": True})
    caller = Customer(int(small_stack.addresses.partner_url.rpartition(":")[2]))
    caller.send(b"GET /v1/prices HTTP/1.1\r\nHost: partner\r\n\r\n")
    eventually(journal, lambda entries: len(entries) == 1, within=5)
    left = time.time()
    caller.close()
    entry = eventually(journal, lambda entries: bool(entries[0]["closed_by_client_at"]), within=5)[0]
    assert left <= entry["closed_by_client_at"] < left + 0.5
    assert entry["answered_at"] is None


def test_only_who_has_the_token_controls(small_stack: Stack):
    url = f"{small_stack.addresses.partner_control_url}/_control"
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert requests.get(f"{url}/journal", headers=headers, timeout=5).status_code == 401
        assert requests.put(f"{url}/routes/v1", headers=headers, json={}, timeout=5).status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"statsu": 500}, {"status": 99}, {"status": "x"}, {"delay_seconds": -1}, {"times": 0}, ["a"], "text"]
)
def test_routes_that_make_no_sense_are_refused(control: Control, wrong: Any):
    answer = control("PUT", "/routes/v1/prices", json=wrong)
    assert answer.status_code == 422
    assert answer.json()["error"]
