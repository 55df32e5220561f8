"""Seeded defects of whose events a connection delivers, and for how long (WSE-02)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import jwt

from apex.backend import sockets
from apex.backend.connection import Connection
from apex.backend.hub import Hub
from apex.http.identity import Identity
from defects import Scenario
from defects._patching import replace

tabs = Scenario("Ten customers with two tabs each receive only their own events", service="backend")
colleagues = Scenario("Colleagues do not receive each other's events", service="backend")
unauthorized = Scenario("An unauthorised client is refused and receives no events", service="backend")
authorized = Scenario("A customer can connect from a program and from the website", service="backend")
expiry = Scenario("A connection ends when its token expires", service="backend")
logout = Scenario("Logging out ends the connections of that session only", service="backend")
removal = Scenario("A removed colleague is disconnected", service="backend")

OWN_EVENTS = "every connection has received all events of its own user's runs in order, and nothing else"
REFUSED = "the client is refused and receives no event of Acme's next run"


def _sent_to_others(shared: Callable[[Identity, Identity], bool]) -> None:
    """Events for one user's connection are sent to those of others as well."""
    connections: WeakSet[Connection] = WeakSet()

    def __init__(self: Connection, *args: Any) -> None:
        original_init(self, *args)
        connections.add(self)

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        original_offer(self, epoch, sequence, envelope)
        for other in connections:
            if other.identity.user_id != self.identity.user_id and shared(other.identity, self.identity):
                asyncio.ensure_future(other._socket.send_text(envelope))  # noqa: RUF006  # a defect may lose its tasks

    original_init = replace(Connection, "__init__", __init__)
    original_offer = replace(Connection, "offer", offer)


def _unverified(option: str) -> None:
    """Tokens are read, but one of their claims is not verified."""

    def decode(token: str, secret: str, **arguments: Any) -> Any:
        return original(token, secret, **{**arguments, "options": {**arguments["options"], option: False}})

    original = replace(jwt, "decode", decode)


def _expiring(later: float) -> None:
    """Connections assume that their token expires that many seconds later."""

    def __init__(self: Connection, socket: Any, identity: Identity, *args: Any) -> None:
        original(self, socket, identity, *args)
        object.__setattr__(self.identity, "expires_at", identity.expires_at + later)

    original = replace(Connection, "__init__", __init__)


@tabs.defect("WSE-02a", "every event is sent to every connection", step=OWN_EVENTS)
def _() -> None:
    _sent_to_others(lambda receiver, owner: True)


@tabs.defect("WSE-02b", "only the newest tab of a user receives events", step=OWN_EVENTS)
def _() -> None:
    async def add(self: Hub, connection: Connection) -> None:
        self._connections[connection.identity.user_id].clear()
        await original(self, connection)

    original = replace(Hub, "add", add)


@colleagues.defect("WSE-02c", "events are sent to the organisation instead of the user", step=OWN_EVENTS)
def _() -> None:
    _sent_to_others(lambda receiver, owner: receiver.tenant_id == owner.tenant_id)


@unauthorized.defect("WSE-02d", "the origin of a connection is not checked", step=REFUSED)
def _() -> None:
    replace(sockets, "_require_origin", lambda socket, allowed: None)


@unauthorized.defect("WSE-02e", "the expiry of a token is not checked", step=REFUSED)
def _() -> None:
    _unverified("verify_exp")


@unauthorized.defect("WSE-02f", "the signature of a token is not checked", step=REFUSED)
def _() -> None:
    _unverified("verify_signature")


@unauthorized.defect("WSE-02g", "a connection is accepted although its session is over", step=REFUSED)
def _() -> None:
    replace(sockets, "require_session", lambda database, identity: None)


@authorized.defect("WSE-02h", "a browser's token is not recognised", step="the client is accepted")
def _() -> None:
    sockets._TOKEN_PREFIX = "authorization."


@expiry.defect(
    "WSE-02i",
    "a connection stays open after its token has expired",
    step="Acme's connection is closed in time because the session is over",
)
def _() -> None:
    _expiring(3600)


@expiry.defect(
    "WSE-02j",
    "a connection is closed a second before its token expires",
    step="Acme's connection was not closed before the token expired",
)
def _() -> None:
    _expiring(-1)


@logout.defect(
    "WSE-02k",
    "connections stay open after the logout of their session",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    replace(Hub, "end_session", lambda self, session_id, reason: None)


@logout.defect(
    "WSE-02l", "a logout ends the connections of all sessions", step="Acme's other device shows the next run"
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                connection.end(reason)

    replace(Hub, "end_session", end_session)


@removal.defect(
    "WSE-02m",
    "only a logout ends connections, not a removal",
    step="Ben of Acme's connection is closed in time because the user was removed",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        if reason != "removed":
            original(self, session_id, reason)

    original = replace(Hub, "end_session", end_session)
