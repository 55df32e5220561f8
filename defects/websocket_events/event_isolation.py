"""Seeded defects of who is shown whose events (WSE-02)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import jwt

from apex.backend import sockets
from apex.backend.connection import Connection
from apex.backend.hub import Hub
from apex.identity import Identity
from defects import defect
from defects._patching import replace


def _overheard(shared: Callable[[Identity, Identity], bool]) -> None:
    """What is offered to one user's connection is sent to those of others as well."""
    everybody: WeakSet[Connection] = WeakSet()

    def __init__(self: Connection, *args: Any) -> None:
        original_init(self, *args)
        everybody.add(self)

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        original_offer(self, epoch, sequence, envelope)
        for other in everybody:
            if other.identity.user_id != self.identity.user_id and shared(other.identity, self.identity):
                asyncio.ensure_future(other._socket.send_text(envelope))  # noqa: RUF006  # a defect may lose its tasks

    original_init = replace(Connection, "__init__", __init__)
    original_offer = replace(Connection, "offer", offer)


@defect(
    "WSE-02a",
    service="backend",
    summary="every event is sent to every connection",
    scenario="Ten customers with two tabs each see their own work and nobody else's",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: True)


@defect(
    "WSE-02b",
    service="backend",
    summary="only the newest tab of a user is served",
    scenario="Ten customers with two tabs each see their own work and nobody else's",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    async def add(self: Hub, connection: Connection) -> None:
        self._connections[connection.identity.user_id].clear()
        await original(self, connection)

    original = replace(Hub, "add", add)


@defect(
    "WSE-02c",
    service="backend",
    summary="events belong to the organisation, not to the user",
    scenario="Colleagues do not see each other's work",
    step="every tab has shown the whole story of its own customer's run and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: listener.tenant_id == teller.tenant_id)


@defect(
    "WSE-02d",
    service="backend",
    summary="the origin of a connection is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    replace(sockets, "_require_origin", lambda socket, allowed: None)


def _verified(**options: bool) -> None:
    """Tokens are read, but some of what they say is not verified."""

    def decode(token: str, secret: str, **arguments: Any) -> Any:
        arguments["options"] = {**arguments["options"], **options}
        return original(token, secret, **arguments)

    original = replace(jwt, "decode", decode)


@defect(
    "WSE-02e",
    service="backend",
    summary="the expiry of a token is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    _verified(verify_exp=False)


@defect(
    "WSE-02f",
    service="backend",
    summary="the signature of a token is not looked at",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    _verified(verify_signature=False)


@defect(
    "WSE-02g",
    service="backend",
    summary="a connection is let in although its session is over",
    scenario="A stranger is turned away and hears nothing",
    step="the stranger is refused",
)
def _() -> None:
    replace(sockets, "require_session", lambda database, identity: None)


@defect(
    "WSE-02h",
    service="backend",
    summary="a token that a browser shows is not found",
    scenario="The customer gets in from wherever the product is used",
    step="Acme is let in",
)
def _() -> None:
    sockets._TOKEN_PREFIX = "authorization."


def _lives(seconds: Callable[[float], float]) -> None:
    """Connections believe in another expiry of their token."""

    def __init__(self: Connection, socket: Any, identity: Identity, *args: Any) -> None:
        original(self, socket, identity, *args)
        object.__setattr__(self.identity, "expires_at", seconds(identity.expires_at))

    original = replace(Connection, "__init__", __init__)


@defect(
    "WSE-02i",
    service="backend",
    summary="a connection outlives its token",
    scenario="An expired token ends its connection",
    step="Acme's connection is closed in time because the session is over",
)
def _() -> None:
    _lives(lambda expires_at: expires_at + 3600)


@defect(
    "WSE-02j",
    service="backend",
    summary="a connection is closed a second before its token expires",
    scenario="An expired token ends its connection",
    step="it was not closed before the token expired",
)
def _() -> None:
    _lives(lambda expires_at: expires_at - 1)


@defect(
    "WSE-02k",
    service="backend",
    summary="connections outlive the log-out of their session",
    scenario="Logging out ends the connections of that session and no other",
    step="both tabs are closed in time because the session is over",
)
def _() -> None:
    replace(Hub, "end_session", lambda self, session_id, reason: None)


@defect(
    "WSE-02l",
    service="backend",
    summary="a log-out ends the connections of all sessions",
    scenario="Logging out ends the connections of that session and no other",
    step="the other device shows Acme's next run",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                connection.end(reason)

    replace(Hub, "end_session", end_session)


@defect(
    "WSE-02m",
    service="backend",
    summary="only a log-out ends connections, not a removal",
    scenario="A removed colleague hears nothing more",
    step="Ben of Acme's connection is closed in time because the user was removed",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        if reason != "removed":
            original(self, session_id, reason)

    original = replace(Hub, "end_session", end_session)
