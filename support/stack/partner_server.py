"""The programmable partner: `python -m support.stack.partner_server SETTINGS_FILE`.

Customers' requests are answered as the routes say and noted in the journal. The control API lies under `/_control`
and takes a bearer token:

PUT    /_control/routes/{path}?name=value   program a route (see `Route`); the parameters are part of it
DELETE /_control/routes/{path}?name=value   remove it; without a path: remove all
POST   /_control/release/{path}?name=value  answer what the route holds
GET    /_control/journal?since=N            {"items": [...]}: the requests with a number above N
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Endpoint
from starlette.types import ASGIApp, Receive, Scope, Send

from support.stack.partner_routes import SESSION_COOKIE, BadRoute, Entry, Journal, Route, Routes, ordinary_answer

_READ_METHODS = ("GET", "HEAD")


class PartnerServer:
    """Answers the platform's requests."""

    def __init__(self, routes: Routes, journal: Journal) -> None:
        self._routes, self._journal = routes, journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path, query = request.url.path, dict(request.query_params)
        asked = (await request.body()).decode(errors="replace")
        entry = self._journal.add(request.method, path, query, dict(request.headers), asked)
        route = self._routes.take(path, query)
        response = _answer(route, path, query)
        # A session as many partners keep one: whoever brings it along tells in which request it was begun.
        response.set_cookie(SESSION_COOKIE, request.headers.get("traceparent", ""), httponly=True)
        body = bytes(response.body)
        half = len(body) // 2 if route is not None and route.in_two_parts else 0
        if half:
            await _begin(response, body[:half], send)
        if route is not None and not await _caller_waits(route, entry, receive):
            return
        # Noted before the answer leaves: whoever has the answer finds it in the journal.
        entry.answered_at, entry.status = time.time(), response.status_code
        if half:
            await send({"type": "http.response.body", "body": body[half:]})
        elif route is not None and route.close_after_bytes is not None:
            # Said to be more to come, and then nothing comes: the server ends the connection.
            await _begin(response, body[: route.close_after_bytes], send)
        else:
            await response(scope, receive, send)


async def _begin(response: Response, part: bytes, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _caller_waits(route: Route, entry: Entry, receive: Receive) -> bool:
    """Let the route's time pass; False as soon as the caller has gone."""
    if not route.hold and not route.delay_seconds:
        return True
    left = asyncio.ensure_future(_until_disconnected(receive))
    passed = asyncio.ensure_future(_until_answered(route))
    try:
        await asyncio.wait((left, passed), return_when=asyncio.FIRST_COMPLETED)
        if left.done():
            entry.closed_by_client_at = time.time()
            return False
        return True
    finally:
        left.cancel()
        passed.cancel()


async def _until_answered(route: Route) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None if route.hold else route.delay_seconds):
            await route.released.wait()


async def _until_disconnected(receive: Receive) -> None:
    message: MutableMapping[str, Any] = {}
    while message.get("type") != "http.disconnect":
        message = await receive()


def _answer(route: Route | None, path: str, query: dict[str, str]) -> Response:
    if route is None or (route.body is None and route.status == 200):
        status, content = ordinary_answer(path, query)
        return JSONResponse(content, status_code=status)
    if isinstance(route.body, str):
        return PlainTextResponse(route.body, status_code=route.status, headers=dict(route.headers))
    return JSONResponse(route.body, status_code=route.status, headers=dict(route.headers))


class PartnerControl:
    """The control API."""

    def __init__(self, routes: Routes, journal: Journal) -> None:
        self._routes, self._journal = routes, journal

    async def put_route(self, request: Request) -> Response:
        """Program a route."""
        try:
            route = Route.from_json(_path(request), request.query_params, json.loads(await request.body() or "{}"))
        except (BadRoute, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        self._routes.put(route)
        return Response(status_code=204)

    async def delete_route(self, request: Request) -> Response:
        """Remove one route, or all."""
        everything = not request.path_params["path"]
        removed = self._routes.remove(None if everything else _path(request), request.query_params)
        return JSONResponse({"removed": removed})

    async def release(self, request: Request) -> Response:
        """Answer what a route holds."""
        return JSONResponse({"released": self._routes.release(_path(request), request.query_params)})

    async def journal(self, request: Request) -> Response:
        """The requests since a number."""
        return JSONResponse({"items": self._journal.since(int(request.query_params.get("since", "0")))})

    def application(self) -> list[Endpoint]:
        """The API's endpoints."""
        return [
            Endpoint("/routes/{path:path}", self.put_route, methods=["PUT"]),
            Endpoint("/routes/{path:path}", self.delete_route, methods=["DELETE"]),
            Endpoint("/release/{path:path}", self.release, methods=["POST"]),
            Endpoint("/journal", self.journal, methods=list(_READ_METHODS)),
        ]


def _path(request: Request) -> str:
    return "/" + str(request.path_params["path"])


def guarded(application: ASGIApp, token: str) -> ASGIApp:
    """Let only callers with the token through."""
    expected = f"Bearer {token}".encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if secrets.compare_digest(given, expected):
            await application(scope, receive, send)
        else:
            await JSONResponse({"error": "the control token is missing"}, status_code=401)(scope, receive, send)

    return guard


def main() -> None:
    """Serve as the settings file (JSON: port, token) says."""
    settings: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    routes, journal = Routes(), Journal()
    control = guarded(Starlette(routes=PartnerControl(routes, journal).application()), settings["token"])
    application = Starlette(routes=[Mount("/_control", control), Mount("/", PartnerServer(routes, journal))])
    uvicorn.run(
        application, host="127.0.0.1", port=settings["port"], log_level="warning", lifespan="off", access_log=False,
        # Whoever asks now and then would else ask over a line that is being closed for its idleness.
        timeout_graceful_shutdown=1, timeout_keep_alive=3600,
    )  # fmt: skip


if __name__ == "__main__":
    main()
