"""Request bodies are read here before anything else: none too large, too deep, too slow, or in unknown letters."""

from __future__ import annotations

import asyncio
import re

from fastapi.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apex.http import problems
from apex.http.problems import Problem
from apex.settings import Requests

# Strings (an unfinished one goes on to the end) and brackets: all that tells how deep a JSON text is. Once a string is
# opened it always matches: looking for it again from every quote in it would take the square of its length.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+"?|[\[\]{}]', re.DOTALL)
# From this size on a body is looked at beside the event loop.
_LARGE = 64 * 1024


class Bodies:
    """Reads each request's body whole and hands it on, unless it is over the limits."""

    def __init__(self, app: ASGIApp, limits: Requests) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            try:
                async with asyncio.timeout(self._limits.body_seconds):
                    body = await self._read(scope, receive)
            except TimeoutError:
                raise self._too_slow() from None
            if body is not None and len(body) > _LARGE:
                await run_in_threadpool(self._inspect, body)
            elif body:
                self._inspect(body)
        except Problem as problem:
            await problems.answer(scope["state"]["request_id"], problem)(scope, receive, send)
            return
        handed_over = False

        async def replay() -> Message:
            nonlocal handed_over
            if body is None:
                return {"type": "http.disconnect"}
            if handed_over:
                return await receive()
            handed_over = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None when the caller has hung up before its end."""
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self._limits.max_body_bytes:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._limits.max_body_bytes:
                raise self._too_large()
            if not message.get("more_body", False):
                return b"".join(parts)

    def _inspect(self, body: bytes) -> None:
        """Raise the problem of a body that is no text, or nested too deeply to be worked with safely."""
        try:
            body.decode()
        except UnicodeDecodeError:
            raise problems.validation_failed({"body": "must be UTF-8 text"}) from None
        if b"\0" in body:
            raise problems.validation_failed({"body": "must be UTF-8 text"})
        deepest = self._limits.max_nesting
        if body.count(b"[") + body.count(b"{") <= deepest:
            return
        depth = 0
        for token in _TOKEN.finditer(body):
            match token[0]:
                case b"[" | b"{":
                    depth += 1
                    if depth > deepest:
                        raise problems.validation_failed({"body": f"must be nested at most {deepest} levels deep"})
                case b"]" | b"}":
                    depth -= 1

    def _too_slow(self) -> Problem:
        return Problem(
            408,
            "request_timeout",
            f"A request has to come within {self._limits.body_seconds:g} s.",
            headers={"connection": "close"},
        )

    def _too_large(self) -> Problem:
        most = self._limits.max_body_bytes
        return Problem(
            413,
            "content_too_large",
            f"A request may hold at most {most} bytes.",
            errors=[{"field": "body", "message": f"must be at most {most} bytes long"}],
        )
