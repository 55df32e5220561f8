"""Bodies are handed on as they came, or refused before anything looks at them."""

import asyncio
import json
import time

import httpx
import pytest
from fastapi import FastAPI, Request

from apex.http.bodies import Bodies
from apex.runtime.service import RequestContext
from apex.settings import Requests
from apex.storage.storable import storable


@pytest.fixture
def post():
    app = FastAPI()
    app.add_middleware(Bodies, limits=Requests(max_body_bytes=1000, max_nesting=3))
    app.add_middleware(RequestContext, service="test")

    @app.post("/")
    async def echo(request: Request) -> str:
        return (await request.body()).decode()

    async def sent(content):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://apex.test") as client:
            return await client.post("/", content=content)

    return lambda content: asyncio.run(sent(content))


async def pieces(count):
    for _ in range(count):
        yield b"x" * 500


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x" * 1000,
        "[[[]]]",
        "[[[]],[[]]]",
        '{"a": [{"b": 1}]}',
        json.dumps(["[[[[", '"[[[[', "\\[[[[", "ä"]),
        '["[[[[',
        '["\\"[[[[\\',
        "]]]]" * 9 + "[[[",
    ],
)
def test_a_body_within_the_limits_is_handed_on(post, body):
    assert post(body.encode()).json() == body


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 1001, 413),
        (b"[[[[", 422),
        (b'{"a": [{"b": []}]}', 422),
        (b'["\\"", [[[', 422),
        (b'"\xff"', 422),
        (b'"\x00"', 422),
    ],
)
def test_a_body_beyond_them_is_refused_with_the_reason(post, body, status):
    answer = post(body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, "body")
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_a_body_of_unknown_length_is_counted_on_the_way(post):
    assert post(pieces(2)).status_code == 200
    assert post(pieces(3)).status_code == 413


def test_a_string_that_never_ends_is_looked_at_once():
    bodies = Bodies(FastAPI(), Requests(max_nesting=3))

    def shortest(body):
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            bodies._inspect(body)
            seconds.append(time.perf_counter() - begun)
        return min(seconds)

    quotes = b"[]" * 100 + b'"' + b'\\"' * 8_000
    assert shortest(quotes + b"\\") < 50 * shortest(quotes + b'"')


@pytest.mark.parametrize("value", ["text", "\n", "🙂", 1, 1.5, None, True, {"a": [{"b": ["c"]}]}])
def test_what_can_be_kept(value):
    assert storable(value) == value


@pytest.mark.parametrize(
    "value", ["\0", "\ud800", "a\udfffb", float("nan"), float("inf"), {"\0": 1}, {"a": [{"b": ["\ud800"]}]}]
)
def test_what_cannot(value):
    with pytest.raises(ValueError, match="must"):
        storable(value)
