"""The methods of HTTP: HEAD, which every address has that has GET, and what an address allows."""

from __future__ import annotations

from fastapi import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


class HeadAsGet:
    """Answers HEAD as GET is answered, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, without_body)
        finally:
            # For whoever records the request.
            scope["route"] = asked.get("route")


def allowed(request: Request) -> str:
    """The methods that the address of a request has, for the header ``Allow``."""
    place = {"type": "http", "headers": [], **{name: request.scope.get(name, "") for name in ("path", "root_path")}}

    def is_there(method: str) -> bool:
        routes = request.app.router.routes
        return any(route.matches({**place, "method": method})[0] is Match.FULL for route in routes)

    there = [method for method in _METHODS if is_there(method)]
    return ", ".join([*there, "HEAD"] if "GET" in there else there)
