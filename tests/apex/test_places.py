"""Values are looked at wherever a request may hold them: in an address, a header, a handshake."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import WebSocket
from pydantic import Field

from apex.backend.paging import Cursor, Limit
from apex.backend.sockets import Sequence
from apex.config.live import Configuration
from apex.http.values import Id
from apex.runtime.paths import Named, id_in_path
from apex.runtime.service import Process, create_app
from apex.storage.database import Database
from tests.apex.examples import SETTINGS

ID = "0b5c1f8e-9a3d-4c7b-8e2f-1a2b3c4d5e6f"


@pytest.fixture
def app():
    app = create_app(
        Process("auth", "test", Configuration("auth", SETTINGS)), "Test", Database(SETTINGS.database, "test"), {}
    )

    @app.get("/things")
    def things(id: Id | None = None, cursor: Cursor = None, limit: Limit = 50) -> list[object]:
        return [id, cursor, limit]

    @app.get("/things/{name}")
    def thing(name: Named) -> str:
        return id_in_path(name)

    @app.websocket("/events")
    async def events(socket: WebSocket, last: Annotated[Sequence, Field()]) -> None:
        await socket.accept()
        await socket.close()

    return app


@pytest.fixture
def get(app):
    async def asked(url, headers):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://apex.test") as client:
            return await client.get(url, headers=headers)

    return lambda url, headers=(): asyncio.run(asked(url, list(headers)))


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (f"id={ID.upper()}", [ID, None, 50]),
        (f"cursor=1_{'0' * 32}&limit=7", [None, f"1_{'0' * 32}", 7]),
    ],
)
def test_what_an_address_holds(get, query, read):
    assert get(f"/things?{query}").json() == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", f"{{{ID}}}"),
        ("id", f"\uff10{ID[1:]}"),
        ("id", ID.replace("-", "")),
        ("cursor", "bm8gY3Vyc29yIG9mIG91cnM="),
        ("cursor", f"\u0661_{'0' * 32}"),
        ("limit", "1_0"),
        ("limit", "5.0"),
        ("limit", "+5"),
        ("limit", "\u0665"),
        ("limit", "9" * 5000),
        ("limit", "201"),
        ("limit", "0"),
    ],
)
def test_what_is_none_is_refused_with_its_name(get, field, value):
    answer = get(httpx.URL("/things", params={field: value}))
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, [field])


@pytest.mark.parametrize("name", [f"urn:uuid:{ID}", f"{{{ID}}}", ID.replace("-", ""), f"\uff10{ID[1:]}", f"{ID}%0A"])
def test_what_cannot_be_an_id_is_not_there(get, name):
    assert get(f"/things/{name}").status_code == 404
    assert get(f"/things/{ID.upper()}").json() == ID


@pytest.mark.parametrize("last", ["", "abc", "-1", "1_0", "\u0661"])
def test_a_wrong_handshake_is_refused_with_the_field(app, last):
    query = str(httpx.QueryParams({"last": last})).encode()
    scope = {"type": "websocket", "path": "/events", "query_string": query, "headers": [], "subprotocols": []}
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    asyncio.run(app({**scope, "extensions": {"websocket.http.response": {}}}, receive, send))
    assert sent[0]["status"] == 422
    assert json.loads(sent[1]["body"])["errors"][0]["field"] == "last"


@pytest.mark.parametrize(("given", "kept"), [(b"my request 1", True), (b"\xe9", False), (b"x" * 101, False)])
def test_a_request_id_is_answered_as_it_came_or_not_at_all(get, given, kept):
    answered = get("/things", [(b"x-request-id", given)]).headers["x-request-id"]
    assert (answered == given.decode("latin-1")) is kept
    assert answered.isascii()
