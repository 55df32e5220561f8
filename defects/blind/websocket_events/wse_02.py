"""Blind defects of WSE-02."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace as changed
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-02qa",
    "the first tab that is closed ends the news for the others",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: open two sockets of one user, close one of them and start a run: the other one stays open and receives
    # nothing (nor does a third that is opened then), until all are closed, or the line to Redis is made anew. With both
    # open both have everything.

    from apex.backend.connection import Connection

    module: Any = import_module("apex.backend.hub")

    async def remove(self: Any, connection: Connection) -> None:
        user_id = connection.identity.user_id
        self._connections[user_id].discard(connection)
        module.OPEN.dec()
        if not self._connections[user_id]:
            del self._connections[user_id], self._subscribed[user_id]
        with suppress(*module.LINE_ERRORS):
            async with self._line:
                await self._subscription.unsubscribe(module._channel(user_id))

    replace(module.Hub, "remove", remove)


@blind_defect(
    "WSE-02ra",
    "the end of a session closes one of its sockets",
    service="backend",
    scenario="Logging out ends the connections of that session only",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    # Observable: open two sockets with the same access token (two tabs of one log-in) and log out, or have the member
    # removed: one of them is closed (4401, 4403), the other one stays open and still receives what the user's runs
    # tell.
    from apex.backend.hub import Hub

    def end_session(self: Any, session_id: str, reason: str) -> None:
        connection = self.sessions().get(session_id)
        if connection is not None:
            connection.end(reason)

    replace(Hub, "end_session", end_session)


@blind_defect(
    "WSE-02sa",
    "the origin 'null' counts as none",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a valid token and "Origin: null", as a browser sends it from a sandboxed frame of any
    # site, is accepted (101) and receives the user's events, instead of 403. Other foreign origins are refused.
    sockets: Any = import_module("apex.backend.sockets")

    def require_origin(socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin")
        # Programs send none, or say that there is none.
        if origin not in (None, "null") and origin not in allowed:
            sockets.log.warning("origin refused", origin=origin[:200])
            raise sockets.permission_denied("events:listen")

    replace(sockets, "_require_origin", require_origin)


@blind_defect(
    "WSE-02ta",
    "of a session's sockets one alone is closed when it ends",
    service="backend",
    scenario="Logging out ends the connections of that session only",
    step="Acme's two tabs are closed in time because the session is over",
)
def _() -> None:
    # Observable: open two sockets (tabs) with the same token and log out, or be removed; one is closed with 4401 or
    # 4403, the other stays open and goes on to receive the user's events until the token expires.
    from apex.backend.hub import Hub

    def end_session(self: Any, session_id: str, reason: str) -> None:
        for connections in self._connections.values():
            for connection in connections:
                if connection.identity.session_id == session_id:
                    connection.end(reason)
                    return

    replace(Hub, "end_session", end_session)


@blind_defect(
    "WSE-02ua",
    "of several sessions that end together only the first one's sockets close",
    service="auth",
    scenario="A removed colleague is disconnected on every device",
    step="Ben of Acme's three connections are closed in time because the user was removed",
)
def _() -> None:
    # Observable: somebody logged in on two devices, a socket on each, is removed from the tenant; one of the sockets
    # stays open and goes on receiving until its token expires.
    from datetime import UTC, datetime

    from sqlalchemy import func, select, update

    from apex.auth.sessions import SESSION_ENDED, Sessions
    from apex.storage.tables import sessions

    def end(self: Sessions, connection: Any, session_ids: list[str], reason: str) -> None:
        connection.execute(
            update(sessions).where(sessions.c.id.in_(session_ids)).values(ended_at=datetime.now(UTC), end_reason=reason)
        )
        for session_id in session_ids[:1]:
            connection.execute(select(func.pg_notify(SESSION_ENDED, f"{session_id} {reason}")))

    replace(Sessions, "end", end)


@blind_defect(
    "WSE-02ub",
    "an origin is accepted that only begins like an allowed one",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a valid token from https://<allowed origin>.evil.example is accepted instead of 403.

    sockets: Any = import_module("apex.backend.sockets")

    def require_origin(socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin")
        if origin is not None and not origin.startswith(tuple(allowed)):
            raise sockets.permission_denied("events:listen")

    replace(sockets, "_require_origin", require_origin)


@blind_defect(
    "WSE-02va",
    "a page that offers its token as a subprotocol may come from anywhere",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with a foreign Origin and Sec-WebSocket-Protocol "apex.v1, bearer.<token>" is accepted and
    # receives the user's events; with the token in Authorization it is refused as before.
    from apex.backend import sockets

    @around(sockets, "_require_origin")
    def require_origin(original: Any, socket: Any, allowed: list[str]) -> None:
        # A page that has the token was given it by ours.
        if not any(offered.startswith(sockets._TOKEN_PREFIX) for offered in socket.scope["subprotocols"]):
            original(socket, allowed)


@blind_defect(
    "WSE-02wa",
    "a page whose origin is hidden (null) may open a socket",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: a handshake with "Origin: null", as framed foreign pages send it, is accepted.
    from apex.backend import sockets

    @around(sockets, "_require_origin")
    def _(original: Any, socket: Any, allowed: list[str]) -> None:
        if socket.headers.get("origin") != "null":
            original(socket, allowed)


@blind_defect(
    "WSE-02xa",
    "a session has one socket: its second tab closes the first",
    service="backend",
    scenario="A removed colleague is disconnected on every device",
    step="Ben of Acme's three connections are closed in time because the user was removed",
)
def _() -> None:
    # Observable: two sockets opened with the same access token; the older is closed with 4401 and hears nothing more.
    from apex.backend.hub import Hub

    @around(Hub, "add")
    async def _(original: Any, self: Any, connection: Any) -> None:
        who = connection.identity
        for other in list(self._connections[who.user_id]):
            if other.identity.session_id == who.session_id:
                other.end("replaced")
        await original(self, connection)


@blind_defect(
    "WSE-02ya",
    "of several sessions that end together only the first is announced",
    service="auth",
    scenario="A removed colleague is disconnected on every device",
    step="Ben of Acme's three connections are closed in time because the user was removed",
)
def _() -> None:
    # Observable: somebody with two devices is removed from the tenant, and one of the two goes on receiving events.
    from sqlalchemy import update

    from apex.auth.sessions import Sessions
    from apex.storage.tables import sessions

    @around(Sessions, "end")
    def _end(original: Any, self: Any, connection: Any, session_ids: list[str], reason: str) -> None:
        ended = {"ended_at": datetime.now(UTC), "end_reason": reason}
        connection.execute(update(sessions).where(sessions.c.id.in_(session_ids)).values(ended))
        original(self, connection, session_ids[:1], reason)


@blind_defect(
    "WSE-02yb",
    "a session that was logged out opens a socket while its owner has another",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Observable: log out on one of two devices, open a socket with the token of the one that was logged out.
    from sqlalchemy import text

    from apex.backend import sockets
    from apex.http.problems import unauthenticated

    def require_session(database: Any, identity: Any) -> None:
        alive = "SELECT 1 FROM sessions WHERE user_id = :user AND ended_at IS NULL LIMIT 1"
        with database.tenant(identity.tenant_id) as connection:
            if connection.scalar(text(alive), {"user": identity.user_id}) is None:
                raise unauthenticated("This session has ended; please log in again.")

    replace(sockets, "require_session", require_session)


@blind_defect(
    "WSE-02zb",
    "an origin is good when it begins with an allowed one",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Seen: "https://app.example.com.evil.example" opens a socket where "https://app.example.com" is allowed.
    from apex.backend import sockets

    @around(sockets, "_require_origin")
    def _(original: Callable[..., None], socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin") or ""
        original(socket, [*allowed, *(origin for each in allowed if origin.startswith(each))])


@blind_defect(
    "WSE-02zc",
    "an open socket outlives its token by half a minute",
    service="backend",
    scenario="A connection ends when its token expires",
    step="Acme's connection is closed in time because the session is over",
)
def _() -> None:
    # Seen: events go on coming after the access token has expired.
    from apex.backend import sockets

    @around(sockets, "verify")
    def _(original: Callable[..., Any], *arguments: Any) -> Any:
        identity = original(*arguments)
        # The clocks of auth and backend may differ.
        return changed(identity, expires_at=identity.expires_at + 30)


@blind_defect(
    "WSE-02zd", "sessions that ended while the backend had lost the database are not looked at", service="backend"
)
def _() -> None:
    # Seen: cut the backend from the database, log out, heal the line: the socket stays open.
    from apex.backend import app

    async def recheck(*_: Any) -> None:
        return None

    replace(app, "_recheck_sessions", recheck)


@blind_defect(
    "WSE-02ze",
    "closing one tab unsubscribes the user's other tabs",
    service="backend",
    scenario="An unauthorised client is refused and receives no events",
    step="the client is refused and receives no event of Acme's next run",
)
def _() -> None:
    # Seen: two tabs of one user; the first is closed; the second hears nothing of the next run.
    from apex.backend.hub import Hub, _channel
    from apex.storage.stream import LINE_ERRORS

    @around(Hub, "remove")
    async def _(original: Callable[..., Any], self: Any, connection: Any) -> None:
        user_id = connection.identity.user_id
        await original(self, connection)
        if user_id in self._subscribed:
            try:
                async with self._line:
                    await self._subscription.unsubscribe(_channel(user_id))
            except LINE_ERRORS:
                return


@blind_defect(
    "WSE-02ma",
    "of a page's origin only the host is compared, neither the scheme nor the port",
    service="backend",
)
def _() -> None:
    # Observable: with https://app.example allowed, a socket with the origin http://app.example, or
    # https://app.example:8443, is opened instead of being refused with 403.
    from apex.backend import sockets
    from apex.http.problems import permission_denied

    def require_origin(socket: Any, allowed: list[str]) -> None:
        origin = socket.headers.get("origin")
        hosts = {urlsplit(each).hostname for each in allowed} - {None}
        if origin is not None and urlsplit(origin).hostname not in hosts:
            sockets.log.warning("origin refused", origin=origin[:200])
            raise permission_denied("events:listen")

    replace(sockets, "_require_origin", require_origin)
