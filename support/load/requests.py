"""A crowd that makes requests, each member one after the other, all of them side by side.

Orders, one JSON object a line; each is answered by its results and then by a line with ``done``:

``{"do": "begin", "members": {name: [{"method", "url", "headers", "json", "after", "pause"}]}}``
    Every member begins to make its requests in their order, none sooner than ``after`` seconds from now, and each
    ``pause`` seconds after the answer before. Done at once.
``{"do": "finish", "more"}``
    Waits until all of them are through, or have each made so many more requests (null: all). Result: ``{"name",
    "number", "status", "headers", "text", "error", "sent", "seconds"}`` for each request, ``sent`` being monotonic
    seconds; ``seconds`` counts from the planned moment, so that a member who was held up by the request before does
    not look quick. Done: ``{"done", "requests"}``.
"""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from support.load.orders import carry_out, say

_PATIENCE_SECONDS = 30.0


class Requesters:
    """The members and what they have been answered."""

    def __init__(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.AsyncClient(timeout=_PATIENCE_SECONDS, limits=limits, trust_env=False)
        self._at_work: list[asyncio.Task[list[dict[str, Any]]]] = []
        self._more: float = math.inf

    async def begin(self, members: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
        """Set everybody to work."""
        now = time.monotonic()
        self._at_work += [asyncio.create_task(self._work(name, plan, now)) for name, plan in members.items()]
        return {}

    async def finish(self, more: int | None = None) -> dict[str, Any]:
        """Hand over all answers."""
        self._more = math.inf if more is None else more
        answers = [answer for each in await asyncio.gather(*self._at_work) for answer in each]
        self._at_work.clear()
        for answer in answers:
            say(answer)
        return {"requests": len(answers)}

    async def _work(self, name: str, plan: Sequence[Mapping[str, Any]], began: float) -> list[dict[str, Any]]:
        answers, left = [], math.inf
        for number, request in enumerate(plan):
            # The first request after the order is one of those.
            left = min(left, self._more) - 1
            if left < 0:
                break
            planned = began + request["after"] if request["after"] else None
            if planned is not None:
                await asyncio.sleep(max(0.0, planned - time.monotonic()))
            await asyncio.sleep(request["pause"])
            answers.append({"name": name, "number": number, **await self._ask(request, planned)})
        return answers

    async def _ask(self, request: Mapping[str, Any], planned: float | None) -> dict[str, Any]:
        sent = time.monotonic()
        given: dict[str, Any] = {"status": None, "headers": {}, "text": "", "error": None, "sent": sent}
        try:
            answer = await self._http.request(
                request["method"], request["url"], headers=request["headers"], json=request["json"]
            )
            given |= {"status": answer.status_code, "headers": dict(answer.headers), "text": answer.text}
        except httpx.HTTPError as error:
            given["error"] = f"{type(error).__name__}: {error}"
        return {**given, "seconds": time.monotonic() - (planned or sent)}

    async def close(self) -> None:
        """Leave."""
        for task in self._at_work:
            task.cancel()
        await self._http.aclose()


async def serve() -> None:
    """Carry out the orders of the standard input until it ends."""
    crowd = Requesters()
    await carry_out({"begin": crowd.begin, "finish": crowd.finish})
    await crowd.close()
