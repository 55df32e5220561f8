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
from apex.http.identity import Identity
from defects import Scenario
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


ten_customers_two = Scenario("Ten customers with two tabs each see their own work and nobody else's", service="backend")


@ten_customers_two.defect(
    "WSE-02a",
    "every event is sent to every connection",
    step="every connection has received all events of its own customer's runs and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: True)


@ten_customers_two.defect(
    "WSE-02b",
    "only the newest tab of a user is served",
    step="every connection has received all events of its own customer's runs and nothing else",
)
def _() -> None:
    async def add(self: Hub, connection: Connection) -> None:
        self._connections[connection.identity.user_id].clear()
        await original(self, connection)

    original = replace(Hub, "add", add)


colleagues_do_not = Scenario("Colleagues do not see each other's work", service="backend")


@colleagues_do_not.defect(
    "WSE-02c",
    "events belong to the organisation, not to the user",
    step="every connection has received all events of its own customer's runs and nothing else",
)
def _() -> None:
    _overheard(lambda listener, teller: listener.tenant_id == teller.tenant_id)


stranger_turned_away = Scenario("A stranger is turned away and hears nothing", service="backend")


@stranger_turned_away.defect("WSE-02d", "the origin of a connection is not looked at", step="the stranger is refused")
def _() -> None:
    replace(sockets, "_require_origin", lambda socket, allowed: None)


def _verified(**options: bool) -> None:
    """Tokens are read, but some of what they say is not verified."""

    def decode(token: str, secret: str, **arguments: Any) -> Any:
        arguments["options"] = {**arguments["options"], **options}
        return original(token, secret, **arguments)

    original = replace(jwt, "decode", decode)


@stranger_turned_away.defect("WSE-02e", "the expiry of a token is not looked at", step="the stranger is refused")
def _() -> None:
    _verified(verify_exp=False)


@stranger_turned_away.defect("WSE-02f", "the signature of a token is not looked at", step="the stranger is refused")
def _() -> None:
    _verified(verify_signature=False)


@stranger_turned_away.defect(
    "WSE-02g", "a connection is let in although its session is over", step="the stranger is refused"
)
def _() -> None:
    replace(sockets, "require_session", lambda database, identity: None)


customer_gets_from = Scenario("The customer gets in from wherever the product is used", service="backend")


@customer_gets_from.defect("WSE-02h", "a token that a browser shows is not found", step="Acme is let in")
def _() -> None:
    sockets._TOKEN_PREFIX = "authorization."


def _lives(seconds: Callable[[float], float]) -> None:
    """Connections believe in another expiry of their token."""

    def __init__(self: Connection, socket: Any, identity: Identity, *args: Any) -> None:
        original(self, socket, identity, *args)
        object.__setattr__(self.identity, "expires_at", seconds(identity.expires_at))

    original = replace(Connection, "__init__", __init__)


expired_token_ends = Scenario("An expired token ends its connection", service="backend")


@expired_token_ends.defect(
    "WSE-02i", "a connection outlives its token", step="Acme's connection is closed in time because the session is over"
)
def _() -> None:
    _lives(lambda expires_at: expires_at + 3600)


@expired_token_ends.defect(
    "WSE-02j",
    "a connection is closed a second before its token expires",
    step="it was not closed before the token expired",
)
def _() -> None:
    _lives(lambda expires_at: expires_at - 1)


logging_out_ends = Scenario("Logging out ends the connections of that session and no other", service="backend")


@logging_out_ends.defect(
    "WSE-02k",
    "connections outlive the log-out of their session",
    step="both tabs are closed in time because the session is over",
)
def _() -> None:
    replace(Hub, "end_session", lambda self, session_id, reason: None)


@logging_out_ends.defect(
    "WSE-02l", "a log-out ends the connections of all sessions", step="the other device shows Acme's next run"
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                connection.end(reason)

    replace(Hub, "end_session", end_session)


removed_colleague_hears = Scenario("A removed colleague hears nothing more", service="backend")


@removed_colleague_hears.defect(
    "WSE-02m",
    "only a log-out ends connections, not a removal",
    step="Ben of Acme's connection is closed in time because the user was removed",
)
def _() -> None:
    def end_session(self: Hub, session_id: str, reason: str) -> None:
        if reason != "removed":
            original(self, session_id, reason)

    original = replace(Hub, "end_session", end_session)
