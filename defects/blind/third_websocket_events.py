"""Blind defects of websocket_events, third round, written from the promises alone."""

from __future__ import annotations

import asyncio
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-01xa", "an answer too large for an event is left out without saying where to read it", service="worker"
)
def _() -> None:
    # Observable: agent_completed of a run with an answer beyond 512 KiB has the answer null and no reference.
    from apex.storage import stream

    @around(stream, "fitting")
    def _(original: Any, payload: dict[str, Any], run_id: str | None) -> dict[str, Any]:
        fits: dict[str, Any] = original(payload, run_id)
        return {name: value for name, value in fits.items() if name != "reference"}


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
    "WSE-03xa",
    "who resumes at another instance, or after a restart, has to begin anew",
    service="backend",
    scenario="A customer who returns at another backend misses nothing",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: after a restart of the backend a resume within the window brings resync_required, not what was missed.
    import uuid

    from apex.backend.connection import Connection, Position

    process = uuid.uuid4().hex[:6]

    @around(Connection, "_control")
    async def _(original: Any, self: Any, type: str, generation: int) -> None:
        await original(self, type, f"{generation}-{process}")

    @around(Connection, "_open")
    async def _(original: Any, self: Any, resume: Any) -> None:
        is_ours = resume is None or resume.epoch.endswith(process)
        await original(self, resume if is_ours else Position("", resume.sequence))


@blind_defect("WSE-04xa", "who has resumed is sent what happens from then on a second late", service="backend")
def _() -> None:
    # Observable: delivery times of a socket that was opened with last_sequence are one second above the others'.
    from apex.backend.connection import Connection

    @around(Connection, "send_events")
    async def _(original: Any, self: Any, resume: Any) -> None:
        self.reads_the_stream = resume is not None
        await original(self, resume)

    @around(Connection, "offer")
    def _(original: Any, self: Any, *published: Any) -> None:
        if getattr(self, "reads_the_stream", False):
            asyncio.get_running_loop().call_later(1.0, self.look)
        else:
            original(self, *published)


@blind_defect(
    "WSE-05xa",
    "a notice bears a request id of its own",
    service="backend",
    scenario="A maintenance notice reaches every connected user of every segment once",
    step="every connection receives the notice in time",
)
def _() -> None:
    # Observable: the notice event's trace.request_id is not the x-request-id of the operator's request.
    import uuid

    from apex.backend import operations

    replace(operations, "request_id", lambda: str(uuid.uuid4()))


@blind_defect("WSE-06xa", "a run that blocks beyond its time limit is told as a fault of its agent", service="worker")
def _() -> None:
    # Observable: agent_error of a run whose agent never gives way has code agent_failed and is not recoverable.
    from apex.worker import leases

    told = "The agent could not finish because of a fault of its own."
    replace(leases, "OUT_OF_TIME", {"code": "agent_failed", "message": told, "recoverable": False})


@blind_defect(
    "WSE-07xa", "a notice under the title of an earlier one reaches nobody who had that one", service="worker"
)
def _() -> None:
    # Observable: the operator sends "Maintenance" twice on a day, with different texts; sockets get the first only.
    from apex.storage.stream import EventStream

    @around(EventStream, "publish")
    def _(original: Any, self: Any, event: Any, delivery_id: str = "") -> int:
        if event.type == "notice":
            delivery_id = f"notice:{event.payload['title']}:{event.user_id}"
        number: int = original(self, event, delivery_id)
        return number


@blind_defect(
    "WSE-08xa",
    "each open socket holds room for the largest event from the beginning",
    service="backend",
    scenario="A connected customer costs the platform little memory",
    step="each connection uses no more memory than the socket memory limit",
)
def _() -> None:
    # Observable: the backend's memory grows by half a mebibyte for each socket that is opened.
    from apex.backend.connection import Connection
    from apex.storage.fitting import LARGEST_EVENT_BYTES

    @around(Connection, "__init__")
    def _(original: Any, self: Any, *of: Any) -> None:
        original(self, *of)
        self.frame = bytearray(b" ") * LARGEST_EVENT_BYTES


@blind_defect("WSE-09xa", "an event of more than 8 KiB is overtaken by those that wait behind it", service="backend")
def _() -> None:
    # Observable: large and small thoughts as fast as they come; the sequence of a socket goes back at each large one.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _(original: Any, self: Any, sequence: int, envelope: str) -> None:
        async def prepared() -> None:
            frame = await asyncio.to_thread(envelope.encode)
            await self._socket.send_text(frame.decode())

        if len(envelope) <= 8192:
            await original(self, sequence, envelope)
            return
        self.preparing = {*getattr(self, "preparing", ()), asyncio.ensure_future(prepared())}
        self._cursor = sequence
