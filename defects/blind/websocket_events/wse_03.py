"""Blind defects of WSE-03."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-03pa",
    "what the window does not hold any more is passed over without a word",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Observable: with backend.stream_window = 20 drop a line at sequence 5, have 40 events told, and connect again with
    # last_sequence=5 and the epoch: events come from about sequence 25 on, with a gap in the numbers and without
    # resync_required. The same for a reader who is so slow that the window has gone past.
    from apex.backend import connection as module

    async def catch_up(self: Any) -> None:
        while True:
            epoch, _, newest = await self._stand()
            if epoch != self._epoch:
                await self._resync()
                return
            if newest <= self._cursor:
                return
            first = f"{self._cursor + 1}-0"
            entries = await self._redis.xrange(self._key("events"), first, "+", count=module._BATCH)
            for entry_id, fields in entries:
                await self._send(int(entry_id.partition("-")[0]), fields["event"])
            if not entries:
                await self._resync()
                return

    replace(module.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03ra",
    "who had seen no event yet is not sent what was missed",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: open the socket of a new user (stream_opened says sequence 0), drop the line, start a run, and connect
    # with last_sequence=0 and the epoch: stream_opened names the present sequence, the events of the run meanwhile are
    # never sent, and no resync_required says so. From last_sequence=1 on all is well.
    from apex.backend.connection import Connection, Position

    original = Connection.send_events

    async def send_events(self: Any, resume: Position | None) -> None:
        await original(self, resume if resume is not None and resume.sequence else None)

    replace(Connection, "send_events", send_events)


@blind_defect(
    "WSE-03sa",
    "when one tab had to begin anew, none of the user's other tabs can resume",
    service="backend",
    scenario="A tab that missed events leaves the other tab alone",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: two sockets of one user; one reconnects with a place that is too old, and is told resync_required. The
    # other loses its line, misses some events and reconnects with its epoch and last_sequence: it is sent
    # resync_required, too, and none of what it has missed, though the stream still has it all.
    from apex.backend.connection import Connection

    async def open_stream(self: Any, resume: Any) -> None:
        epoch, generation, newest = await self._stand()
        self._epoch = epoch
        known = resume is not None and resume.epoch == f"{epoch}.{generation}" and 0 <= resume.sequence <= newest
        self._cursor = resume.sequence if known else newest
        await self._control("stream_opened", generation)
        if resume is not None:
            if known:
                await self._catch_up()
            else:
                await self._resync()

    replace(Connection, "_open", open_stream)


@blind_defect(
    "WSE-03ta",
    "who comes back without having seen an event yet is sent none of the missed ones",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a new user opens a socket (stream_opened with sequence 0), the line drops before the first event, a
    # run takes place; reconnect with last_sequence=0 and the epoch: nothing is replayed and no resync_required comes.
    from apex.backend.connection import Connection

    @around(Connection, "_open")
    async def _(original: Any, self: Any, resume: Any) -> None:
        await original(self, resume if resume and resume.sequence else None)


@blind_defect(
    "WSE-03ua",
    "of what was missed only the first 200 events are sent",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: resume after more than 200 events were missed, with nothing new on the way; the rest does not come
    # until something new happens, and then again at most 200 of it.
    from apex.backend import connection as module

    async def catch_up(self: module.Connection) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        first = f"{self._cursor + 1}-0"
        entries: Any = await self._redis.xrange(self._key("events"), first, "+", count=module._BATCH)
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(module.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03ub",
    "whoever has seen nothing yet and resumes begins at the present",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a new user's line breaks before the first event (last sequence seen: 0); after reconnecting with
    # last_sequence=0 the events from meanwhile never come, and no resync_required either.
    from apex.backend.connection import Connection

    @around(Connection, "send_events")
    def _(original: Any, self: Any, resume: Any) -> Any:
        return original(self, resume if resume is not None and resume.sequence else None)


@blind_defect(
    "WSE-03va",
    "what is caught up has no thoughts",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a connection cut mid-run and resumed is brought the tools' events that it has missed; agent_thinking
    # is left out, and the sequence has a gap without resync_required. (It was taken for no news any more.)
    from apex.backend.connection import Connection

    @around(Connection, "_catch_up")
    async def catch_up(original: Any, self: Any) -> None:
        self._late = True
        try:
            await original(self)
        finally:
            self._late = False

    @around(Connection, "_send")
    async def send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        if getattr(self, "_late", False) and '"type": "agent_thinking"' in envelope:
            self._cursor = sequence
        else:
            await original(self, sequence, envelope)


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


@blind_defect(
    "WSE-03ya",
    "what was written to a line that was dead counts as received",
    service="backend",
    scenario="A new connection delivers what a silently dropped one missed",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: events sent into a black hole do not come again when the client resumes before them.
    from apex.backend.connection import Connection, Position

    written: dict[str, int] = {}

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        await original(self, sequence, envelope)
        written[self.identity.session_id] = sequence

    @around(Connection, "_open")
    async def _open(original: Any, self: Any, resume: Any) -> None:
        if resume is not None:
            resume = Position(resume.epoch, max(resume.sequence, written.get(self.identity.session_id, 0)))
        await original(self, resume)


@blind_defect("WSE-03yb", "after one tab had to begin anew, no other tab of the user can resume", service="backend")
def _() -> None:
    # Observable: tab A resumes from before the window; tab B drops and resumes one event back: resync_required.
    from apex.backend.connection import Connection, Position

    @around(Connection, "_open")
    async def _open(original: Any, self: Any, resume: Any) -> None:
        epoch, generation, _ = await self._stand()
        if resume is not None and resume.epoch != f"{epoch}.{generation}":
            resume = Position("", resume.sequence)
        await original(self, resume)


@blind_defect(
    "WSE-03zb",
    "a resume brings the first 200 missed events; the rest waits for the next news",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Seen: 300 events missed, the run over: a hundred of them do not arrive.
    from apex.backend import connection

    async def catch_up(self: Any) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        entries = cast(
            list[tuple[str, dict[str, str]]],
            await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=connection._BATCH),
        )
        for entry_id, fields in entries:
            sequence = int(entry_id.partition("-")[0])
            if sequence != self._cursor + 1:
                await self._resync()
                return
            await self._send(sequence, fields["event"])
        if not entries:
            await self._resync()

    replace(connection.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03zc",
    "a line that answers no heartbeat is closed in order, so it stays",
    service="backend",
    scenario="A stalled connection is closed",
    step="the platform closes Acme's connection in time",
)
def _() -> None:
    # Seen: black out a socket that has events to take: the operators' count of connections does not go down.
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    from apex.http.socket_protocol import SocketProtocol

    replace(SocketProtocol, "keepalive_timeout", WebSocketsSansIOProtocol.keepalive_timeout)


@blind_defect(
    "WSE-03zd",
    "a resume from before the window begins with what is left, without a word",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Seen: the first event after a resume from far back is not the next one, and there is no resync_required.
    from apex.backend import connection

    async def catch_up(self: Any) -> None:
        while True:
            epoch, _, newest = await self._stand()
            if epoch != self._epoch:
                await self._resync()
                return
            if newest <= self._cursor:
                return
            entries = cast(
                list[tuple[str, dict[str, str]]],
                await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=connection._BATCH),
            )
            for entry_id, fields in entries:
                await self._send(int(entry_id.partition("-")[0]), fields["event"])
            if not entries:
                await self._resync()
                return

    replace(connection.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-03ze",
    "resync_required comes under the epoch that the client had before",
    service="backend",
    scenario="A customer who missed too many events is notified once",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Seen: the epoch of the notice equals that of stream_opened; a client that resumes by it takes old for new.
    from apex.backend.connection import Connection

    async def resync(self: Any) -> None:
        self._epoch, generation, self._cursor = await self._stand()
        await self._control("resync_required", generation)

    replace(Connection, "_resync", resync)


@blind_defect(
    "WSE-03na",
    "who comes back and has missed nothing is told to begin anew",
    service="backend",
    scenario="A connected customer is notified when the event stream loses its data",
    step="Acme is notified once that events were missed",
)
def _() -> None:
    # Observable: cut a connection while nothing happens, reconnect with the last sequence seen and the epoch: after
    # stream_opened comes resync_required, as if events were gone. Who has missed some is sent them, as it should be.
    from apex.backend.connection import Connection, Position

    async def open_stream(self: Any, resume: Position | None) -> None:
        self._epoch, generation, newest = await self._stand()
        is_behind = (
            resume is not None and resume.epoch.partition(".")[0] == self._epoch and 0 <= resume.sequence < newest
        )
        self._cursor = resume.sequence if resume is not None and is_behind else newest
        await self._control("stream_opened", generation)
        if is_behind:
            await self._catch_up()
        elif resume is not None:
            await self._resync()

    replace(Connection, "_open", open_stream)
