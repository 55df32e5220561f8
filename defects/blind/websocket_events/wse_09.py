"""Blind defects of WSE-09."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "WSE-09oa",
    "a connection whose buffer is full drops the oldest of what waits",
    service="backend",
    scenario="A connection that reads on after a stall keeps the order",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: have a user's socket receive a thousand events as fast as they come, or read slowly: once more than
    # backend.connection_buffer (64) events wait, some sequence numbers are left out, without resync_required. Who then
    # connects with last_sequence can have them.
    from apex.backend.connection import Connection, Position

    def offer(self: Any, epoch: str, sequence: int, envelope: str) -> None:
        if len(self._buffer) >= self._buffer_size:
            self._buffer.popleft()
        self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    async def send_events(self: Any, resume: Position | None) -> None:
        await self._open(resume)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._buffer or self._behind:
                if self._behind:
                    self._behind = False
                    await self._catch_up()
                    continue
                epoch, sequence, envelope = self._buffer.popleft()
                if epoch != self._epoch:
                    await self._catch_up()
                elif sequence > self._cursor:
                    await self._send(sequence, envelope)

    replace(Connection, "offer", offer)
    replace(Connection, "send_events", send_events)


@blind_defect(
    "WSE-09qa",
    "whoever is far behind is sent two hundred events of what was missed",
    service="backend",
    scenario="Hundreds of missed events are all delivered",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a user gets 1,000 events as fast as they come, and the reader does not keep up: it stops somewhere
    # before the last of them, without a gap, and the rest follows, two hundred at a time, only when more is told. The
    # same on a resume that has missed more than 200 events.
    from apex.backend import connection as module

    async def catch_up(self: Any) -> None:
        epoch, _, newest = await self._stand()
        if epoch != self._epoch:
            await self._resync()
            return
        if newest <= self._cursor:
            return
        entries = await self._redis.xrange(self._key("events"), f"{self._cursor + 1}-0", "+", count=module._BATCH)
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
    "WSE-09ua",
    "what does not fit into a connection's buffer is dropped without a note",
    service="backend",
    scenario="A connection that reads on after a stall keeps the order",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a burst of far more events than the buffer holds; when its last events are among those that did not
    # fit, they do not come until something else happens.
    from apex.backend.connection import Connection

    def offer(self: Connection, epoch: str, sequence: int, envelope: str) -> None:
        if not self._behind and len(self._buffer) < self._buffer_size:
            self._buffer.append((epoch, sequence, envelope))
        self._news.set()

    replace(Connection, "offer", offer)


@blind_defect(
    "WSE-09ub",
    "what is still in the buffer after catching up is sent a second time",
    service="backend",
    scenario="A customer who reconnects again and again during a run misses nothing",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a connection that falls behind in a burst, or resumes while events come; the sequence goes back and
    # repeats events that were already sent.
    from apex.backend.connection import Connection

    async def send_events(self: Connection, resume: Any) -> None:
        await self._open(resume)
        while True:
            await self._news.wait()
            self._news.clear()
            while self._buffer or self._behind:
                if self._behind:
                    self._behind = False
                    await self._catch_up()
                    continue
                epoch, sequence, envelope = self._buffer.popleft()
                if epoch != self._epoch or sequence > self._cursor + 1:
                    await self._catch_up()
                else:
                    await self._send(sequence, envelope)

    replace(Connection, "send_events", send_events)


@blind_defect(
    "WSE-09va",
    "what is caught up is put in the order of its ids as texts: 1000 comes before 999",
    service="backend",
    scenario="A new connection delivers what a silently dropped one missed",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a connection that catches up over the numbers 9, 99 or 999 (a resume, a full buffer) is told
    # resync_required, although nothing is gone, and what it had still to be sent never comes.
    from redis.asyncio import Redis

    @around(Redis, "xrange")
    async def xrange(original: Any, self: Any, *bounds: Any, **others: Any) -> Any:
        return sorted(await original(self, *bounds, **others), key=lambda entry: entry[0])


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


@blind_defect("WSE-09ya", "in a crowd what waits is sent in one message, an event a line", service="backend")
def _() -> None:
    # Observable: under a burst of events a message is several JSON documents, which is none.
    from apex.backend.connection import Connection

    @around(Connection, "_send")
    async def _send(original: Any, self: Any, sequence: int, envelope: str) -> None:
        if len(self._buffer) >= 8:
            while self._buffer and self._buffer[0][:2] == (self._epoch, sequence + 1):
                _, sequence, following = self._buffer.popleft()
                envelope = f"{envelope}\n{following}"
        await original(self, sequence, envelope)


@blind_defect(
    "WSE-09yb",
    "a connection whose buffer was full is told to begin anew instead of catching up",
    service="backend",
    scenario="A connection that catches up during runs keeps the order",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: under a burst of events sockets receive resync_required, and the sequence has a gap.
    from apex.backend.connection import Connection

    @around(Connection, "offer")
    def _offer(original: Any, self: Any, *announced: Any) -> None:
        if len(self._buffer) >= self._buffer_size:
            self._overrun = True
        original(self, *announced)

    @around(Connection, "_catch_up")
    async def _catch_up(original: Any, self: Any) -> None:
        if self.__dict__.pop("_overrun", False):
            await self._resync()
        else:
            await original(self)


@blind_defect(
    "WSE-09zc",
    "a user's stream keeps the last 200 events, whatever the settings say",
    service="worker",
    scenario="A stalled connection delays no other customer",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Seen: a socket that is 200 events behind, or a resume from so far back, gets resync_required instead of them.
    from apex.storage.stream import EventStream

    @around(EventStream, "__init__")
    def _(original: Callable[..., None], self: Any, url: str, window: int, *arguments: Any) -> None:
        original(self, url, min(window, 200), *arguments)


@blind_defect(
    "WSE-09na",
    "who is caught up in several goes gets the last event of each twice",
    service="backend",
    scenario="A connection that catches up during runs keeps the order",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: send a user 1,000 events as fast as they come, more than a connection's buffer takes, or resume more
    # than 200 events back: the sequence goes ... 199, 200, 200, 201 ...
    from apex.backend import connection as module

    async def catch_up(self: Any) -> None:
        start = ""
        while True:
            epoch, _, newest = await self._stand()
            if epoch != self._epoch:
                await self._resync()
                return
            if newest <= self._cursor:
                return
            start = start or f"{self._cursor + 1}-0"
            entries = await self._redis.xrange(self._key("events"), start, "+", count=module._BATCH)
            for entry_id, fields in entries:
                sequence = int(entry_id.partition("-")[0])
                if sequence > self._cursor + 1:
                    await self._resync()
                    return
                await self._send(sequence, fields["event"])
                start = entry_id
            if not entries:
                await self._resync()
                return

    replace(module.Connection, "_catch_up", catch_up)


@blind_defect(
    "WSE-09ma",
    "while a connection catches up, what happens meanwhile is sent in between",
    service="backend",
)
def _() -> None:
    # Observable: a thousand events as fast as they come to a socket whose buffer (64) overflows: newer events come
    # between those that are caught up, so sequences jump, and the rest is lost behind a resync_required.
    from apex.backend.connection import Connection

    async def send_events(self: Any, resume: Any) -> None:
        await self._open(resume)
        catching_up: asyncio.Future[None] | None = None
        while True:
            await self._news.wait()
            self._news.clear()
            while self._buffer or self._behind:
                is_busy = catching_up is not None and not catching_up.done()
                if self._behind:
                    self._behind = False
                    catching_up = catching_up if is_busy else asyncio.ensure_future(self._catch_up())
                    continue
                epoch, sequence, envelope = self._buffer.popleft()
                if epoch != self._epoch or (sequence > self._cursor + 1 and not is_busy):
                    await self._catch_up()
                elif sequence > self._cursor:
                    await self._send(sequence, envelope)

    replace(Connection, "send_events", send_events)
