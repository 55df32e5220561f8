"""Blind defects of websocket_events, fourth round, written from the promises alone."""

from __future__ import annotations

import asyncio
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-01wa",
    "a browser that offers apex.v1 is answered without a subprotocol",
    service="backend",
    scenario="A customer can connect from a program and from the website",
    step="the client is accepted",
)
def _() -> None:
    # Observable: the handshake's answer to apex.v1 has no sec-websocket-protocol: browsers give such a socket up.
    from apex.backend import sockets

    replace(sockets, "SUBPROTOCOL", "apex.v2")


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
    "WSE-03wa", "an event that a stuttering line does not take within two seconds is passed over", service="backend"
)
def _() -> None:
    # Observable: a client that stops reading for a while and goes on finds a gap in its sequence, without a resync.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _(original: Any, self: Any, sequence: int, envelope: str) -> None:
        try:
            async with asyncio.timeout(2):
                await original(self, sequence, envelope)
        except TimeoutError:
            self._cursor = sequence


@blind_defect(
    "WSE-04wa",
    "customers of the Free plan are sent what happens a second after the others",
    service="backend",
    scenario="Ten concurrent runs are all shown live",
    step="at least 95 % of all events arrive within the target time for event delivery",
)
def _() -> None:
    # Observable: delivery times of a Free customer's socket are one second above those of any other plan.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _(original: Any, self: Any, *published: Any) -> None:
        if self.identity.plan == "free":
            asyncio.get_running_loop().call_later(1.0, original, self, *published)
        else:
            original(self, *published)


@blind_defect("WSE-05wa", "who gives no request id is answered with another than that of the events", service="backend")
def _() -> None:
    # Observable: POST /v1/runs without x-request-id; the answer's header is not trace.request_id of the run's events.
    import uuid

    from apex.runtime.service import RequestContext

    @around(RequestContext, "__call__")
    async def _(original: Any, self: Any, scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if each[0] != b"x-request-id"]
                message["headers"] = [*kept, (b"x-request-id", str(uuid.uuid4()).encode())]
            await send(message)

        is_given = any(name == b"x-request-id" for name, _ in scope.get("headers", ()))
        await original(self, scope, receive, send if is_given else answer)


@blind_defect(
    "WSE-06wa",
    "an agent whose answer cannot be kept is told as an outage, worth another try",
    service="worker",
    scenario="Each kind of failure has its own error event",
    step="Acme is notified that <what failed> and that <what to do>",
)
def _() -> None:
    # Observable: agent_error of an agent that answers with what is no JSON has code unavailable, recoverable true.
    from sqlalchemy.exc import SQLAlchemyError

    from apex.worker import supervisor

    @around(supervisor, "kept")
    def _(original: Any, value: Any) -> Any:
        try:
            return original(value)
        except (TypeError, ValueError) as error:
            raise SQLAlchemyError("the answer cannot be stored") from error


@blind_defect(
    "WSE-07wa",
    "of a notice everyone gets the first 200 characters",
    service="worker",
    scenario="A notice reaches the users of every backend",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: a notice with a body of 1,000 characters arrives cut, with a note of its length.
    from apex.storage.stream import EventStream
    from apex.tools.sanitising import shown

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        if event.type == "notice":
            event.payload = shown(event.payload)
        number: int = original(self, event, delivery_id)
        return number


@blind_defect(
    "WSE-08wa", "of a tenant four people may watch at once, the fifth is told to come back", service="backend"
)
def _() -> None:
    # Observable: ten people of one tenant open sockets; from the fifth on the handshake is answered with 503.
    from apex.backend.hub import Hub
    from apex.http.problems import unavailable

    @around(Hub, "add")
    async def _(original: Any, self: Any, connection: Any) -> None:
        await original(self, connection)
        tenant_id = connection.identity.tenant_id
        here = {user for user, those in self._connections.items() for c in those if c.identity.tenant_id == tenant_id}
        if len(here) > 4:
            raise unavailable()


@blind_defect(
    "WSE-09wa",
    "of thoughts that wait for a connection only the newest is sent",
    service="backend",
    scenario="Fifty customers each receive a thousand events in order",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: an agent that thinks as fast as it can; sequence and run_sequence of a socket have gaps.
    from apex.backend.connection import Connection

    thinking = '"type": "agent_thinking"'

    @around(Connection, "_send")
    async def _(original: Any, self: Any, sequence: int, envelope: str) -> None:
        if thinking in envelope and self._buffer and thinking in self._buffer[0][2]:
            self._cursor = sequence
            return
        await original(self, sequence, envelope)
