"""What the partner answers, and what it was asked: programmable routes and a journal."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
"""The region for which the price list is written."""
_JOURNAL_LENGTH = 20_000
SESSION_COOKIE = "partner_session"
PRICES = Path(__file__).with_name("partner_prices.json")


class BadRoute(Exception):
    """A route cannot be programmed like this; the message says why."""


@dataclass
class Route:
    """How requests under a path are answered.

    path: prefix of the paths; `query`: parameters that a request must carry with these values.
    status, headers, body: the answer (a text body as it is, any other as JSON; None: the partner's ordinary answer).
    delay_seconds: time that passes before the answer, unless the route is released or removed before.
    hold: no answer before the route is released or removed.
    in_two_parts: the first half of the answer is sent before that time passes.
    close_after_bytes: the connection ends after so many bytes of the answer's body.
    times: how many requests the route answers before it is removed; None: any number.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    delay_seconds: float = 0.0
    hold: bool = False
    in_two_parts: bool = False
    close_after_bytes: int | None = None
    times: int | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @classmethod
    def from_json(cls, path: str, query: Mapping[str, str], plain: Any) -> Route:
        """A route as the control API is given it; BadRoute where it makes no sense."""
        known = {"status", "headers", "body", "delay_seconds", "hold", "in_two_parts", "close_after_bytes", "times"}
        if not isinstance(plain, dict) or plain.keys() - known:
            raise BadRoute(f"a route is an object with some of: {', '.join(sorted(known))}")
        try:
            route = cls(path=path, query=dict(query), **plain)
            sensible = (
                200 <= route.status <= 599 and route.delay_seconds >= 0 and (route.times is None or route.times >= 1)
            )
        except TypeError as error:
            raise BadRoute(str(error)) from None
        if not sensible:
            raise BadRoute("status lies within 200-599, delay_seconds is not negative, times is at least 1")
        return route

    def answers(self, path: str, query: Mapping[str, str]) -> bool:
        """Does a request fall under this route?"""
        under = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return under and all(query.get(name) == value for name, value in self.query.items())


class Routes:
    """The programmed routes; the longest path that fits answers, among equals the one with more parameters."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def put(self, route: Route) -> None:
        """Add a route in place of one with the same path and parameters."""
        self.remove(route.path, route.query)
        self._routes.append(route)
        self._routes.sort(key=lambda known: (len(known.path), len(known.query)), reverse=True)

    def remove(self, path: str | None = None, query: Mapping[str, str] | None = None) -> int:
        """Remove the route with exactly this path and parameters (None: all); what it holds is answered."""
        gone = [
            route
            for route in self._routes
            if path is None or (route.path == path and dict(route.query) == dict(query or {}))
        ]
        for route in gone:
            self._routes.remove(route)
            route.released.set()
        return len(gone)

    def release(self, path: str, query: Mapping[str, str]) -> int:
        """Answer what a route holds; it holds no more from now on."""
        found = [route for route in self._routes if route.path == path and dict(route.query) == dict(query)]
        for route in found:
            route.released.set()
        return len(found)

    def take(self, path: str, query: Mapping[str, str]) -> Route | None:
        """The route that answers a request, if any is programmed."""
        route = next((route for route in self._routes if route.answers(path, query)), None)
        if route is not None and route.times is not None:
            route.times -= 1
            if route.times == 0:
                self._routes.remove(route)
        return route


@dataclass
class Entry:
    """One request. Times are seconds since 1970; status is None until it is answered."""

    number: int
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    received_at: float
    answered_at: float | None = None
    closed_by_client_at: float | None = None
    status: int | None = None


class Journal:
    """The last requests, numbered from 1 on without gaps."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_JOURNAL_LENGTH)
        self._numbers = itertools.count(1)

    def add(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: str) -> Entry:
        """Note a request that just came in."""
        entry = Entry(next(self._numbers), method, path, query, headers, body, received_at=time.time())
        self._entries.append(entry)
        return entry

    def since(self, number: int) -> list[dict[str, Any]]:
        """The entries with a higher number, oldest first."""
        newer = itertools.takewhile(lambda entry: entry.number > number, reversed(self._entries))
        return [vars(entry) for entry in reversed(list(newer))]


def ordinary_answer(path: str, query: Mapping[str, str]) -> tuple[int, Any]:
    """Status and JSON of the partner's ordinary answer to a path."""
    if path == "/v1/prices":
        return 200, _price_table(query.get("region", ""))
    return 404, {"error": f"there is nothing at {path}"}


@cache
def _price_table(region: str) -> dict[str, Any]:
    """The price list of a region; wherever it is not the usual one, everything costs a tenth more."""
    if region in ("", REGION):
        return _PRICE_TABLE | {"region": region}
    dearer = {name: str(Decimal(price) * Decimal("1.1")) for name, price in _PRICE_TABLE["prices"].items()}
    return _PRICE_TABLE | {"region": region, "prices": dearer}


_PRICE_TABLE: dict[str, Any] = json.loads(PRICES.read_text())
