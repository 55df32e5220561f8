"""A user's live connection: what came over it, when, and in which order."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hamcrest.core.matcher import Matcher

from support.platform.decoding import StreamDecoder
from support.platform.dialect import Dialect, StreamControl, TokenCarrier
from support.platform.story import Event, RunLike
from support.platform.streams import Closed, Frame, Handshake, Kind, LiveConnection, Transport, Wanted
from support.scenario.waiting import wait_for


class EventCapture:
    """Everything that comes over a user's connections, in the order in which it came.

    Raw frames are kept as they arrive and read only when somebody asks, so that receiving is as quick as the
    bare library. Reconnecting continues the same capture; each event knows which connection it came over.
    """

    def __init__(
        self, transport: Transport, dialect: Dialect, token: Callable[[], str | None], *, name: str = ""
    ) -> None:
        """
        :param token: gives the token of the moment; asked at each connecting.
        """
        self.name = name or transport.address
        self.handshake = Handshake(None)
        self._transport = transport
        self._token = token
        self._wanted: Wanted | None = None
        self._frames: list[Frame] = []
        self._read = 0
        self._decoder = StreamDecoder(dialect)
        self._parsing = threading.Lock()
        self._connections: list[LiveConnection] = []
        # Of a platform with a stream for each run: run id -> its thread, and the connection that it comes over.
        self._followed: dict[str, tuple[str | None, int]] = {}

    # -- connecting -------------------------------------------------------------------------------------------

    def connect(
        self,
        *,
        resume: bool = False,
        website: str | None = None,
        carrier: TokenCarrier | None = None,
        after: int | None = None,
        epoch: str | None = None,
    ) -> Handshake:
        """Open a connection, leaving the one before. A refusal is a value: look at the handshake's status.

        :param resume: ask for what was missed since the last event seen.
        :param website: as whose page a browser would connect.
        :param after: resume after this sequence instead of the last one seen.
        :param epoch: the stream epoch to resume, when it is not the one seen last.
        """
        self.drop()
        self._wanted = wanted = Wanted(self._token(), carrier, website)
        if self._transport.per_run:
            return self._attach_again(wanted, resume)
        if resume or after is not None:
            since = self.last_sequence if after is None else after
            wanted = replace(wanted, after=since, epoch=epoch or self.epoch)
        return self._open(wanted)

    def follow(self, run_id: str, thread_id: str | None) -> None:
        """Attach to a run, on a platform with a stream for each; elsewhere its events come anyway."""
        if self._transport.per_run and self._wanted is not None:
            self._attach(replace(self._wanted, run_id=run_id, thread_id=thread_id))

    def _attach_again(self, wanted: Wanted, resume: bool) -> Handshake:
        """Attach to the runs that were followed; to be resumed, each after the last frame that it brought."""
        followed, self._followed = self._followed, {}
        shakes = [self._open(wanted)]
        for run, (thread, number) in followed.items():
            last = self._transport.last_id(list(self._frames), number) if resume else None
            shakes.append(self._attach(replace(wanted, run_id=run, thread_id=thread, last_id=last)))
        self.handshake = next((shake for shake in shakes if not shake.accepted), shakes[-1])
        return self.handshake

    def _attach(self, wanted: Wanted) -> Handshake:
        shake = self._open(wanted)
        if wanted.run_id is not None:
            self._followed[wanted.run_id] = (wanted.thread_id, len(self._connections))
        return shake

    def _open(self, wanted: Wanted) -> Handshake:
        self.handshake, opened = self._transport.open(wanted, self._frames, len(self._connections) + 1, self.name)
        if opened is not None:
            self._connections.append(opened)
        return self.handshake

    def reconnect(self, *, resume: bool = True, within: float = 2.0) -> Handshake:
        """Leave the present connection, whatever state it is in, and open a new one.

        Tries until the platform answers or the time is over, as a client does.
        """
        waited = wait_for(
            lambda: self.connect(resume=resume),
            lambda answer: answer.status is not None,
            within,
            "an answer to the reconnect",
        )
        handshake: Handshake = waited.value
        return handshake

    def turn_to(self, transport: Transport) -> None:
        """Connect in another way from now on, as to another instance."""
        self._transport = transport

    def drop(self) -> None:
        """Leave without a word: the connection is reset."""
        for connection in self._connections:
            connection.drop()

    def close(self) -> None:
        """Leave politely."""
        for connection in self._connections:
            connection.close()

    # -- what came --------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.handshake.accepted and self.closed is None

    @property
    def closed(self) -> Closed | None:
        """How the last connection ended, or None."""
        return self._connections[-1].closed if self._connections else None

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return len(self._connections)

    @property
    def opened(self) -> dict[int, float]:
        """When each connection was opened, by its number (Unix seconds)."""
        since = time.time() - time.monotonic()
        return {number: since + each.opened_at for number, each in enumerate(self._connections, 1)}

    @property
    def events(self) -> list[Event]:
        """Every event that came, in order; control frames are apart."""
        self._parse()
        return self._decoder.events

    @property
    def controls(self) -> list[StreamControl]:
        """Frames about the stream: ``stream_opened``, ``resync_required``."""
        self._parse()
        return self._decoder.controls

    @property
    def malformed(self) -> list[str]:
        """Frames that were no events."""
        self._parse()
        return self._decoder.malformed

    @property
    def raw(self) -> list[str]:
        """Every text frame as it came."""
        return [data.decode("utf-8", "replace") for _, kind, data, _ in list(self._frames) if kind is Kind.TEXT]

    @property
    def epoch(self) -> str | None:
        """The stream epoch that the platform named last."""
        self._parse()
        return self._decoder.epoch

    @property
    def last_sequence(self) -> int | None:
        """The latest sequence of this epoch: of the last event, or where the stream was when it opened."""
        epoch = self.epoch
        for event in reversed(self.events):
            if event.epoch == epoch and event.sequence is not None:
                return event.sequence
        return self.controls[-1].sequence if self.controls else None

    @property
    def first_sequence(self) -> int | None:
        """Where the stream was when the first connection opened."""
        return self.controls[0].sequence if self.controls else None

    @property
    def heartbeats(self) -> list[float]:
        """When each of the platform's heartbeats came (monotonic seconds)."""
        return [received for received, kind, _, _ in list(self._frames) if kind is Kind.HEARTBEAT]

    @property
    def silent_for(self) -> float:
        """Seconds since anything came, be it a heartbeat."""
        heard = self._frames[-1][0] if self._frames else 0.0
        opened = self._connections[-1].opened_at if self._connections else 0.0
        return time.monotonic() - max(heard, opened)

    def of(self, run: RunLike | str) -> list[Event]:
        """The events of one run."""
        run_id = run if isinstance(run, str) else run.run_id
        return [event for event in self.events if event.run_id == run_id]

    def foreign(self, own_user_ids: Iterable[str]) -> list[Event]:
        """The events that name another user than the ones given."""
        own = set(own_user_ids)
        return [event for event in self.events if event.user_id is not None and event.user_id not in own]

    def wait_for(
        self,
        type: str | None = None,
        *,
        run: RunLike | str | None = None,
        within: float,
        where: Callable[[Event], bool] | None = None,
    ) -> Event:
        """The first event of a type (any of them when None), of a run, that satisfies a condition.

        :raises DeadlinePassed: none came in time; the message shows what did.
        """
        run_id = run if isinstance(run, str) or run is None else run.run_id

        def wanted(event: Event) -> bool:
            return (
                (type is None or event.type == type)
                and (run_id is None or event.run_id == run_id)
                and (where is None or where(event))
            )

        def first() -> Event | None:
            return next((event for event in self.events if wanted(event)), None)

        waited = wait_for(
            lambda: (first(), [event.type for event in self.events[-8:]]),
            lambda seen: seen[0] is not None,
            within,
            f"{type or 'an event'} on {self.name}",
        )
        found: Event = waited.value[0]
        return found

    def wait_for_end(self, run: RunLike | str, *, within: float) -> Event:
        """The event that ends a run."""
        return self.wait_for(run=run, within=within, where=lambda event: event.is_end)

    def wait_until_closed(self, *, within: float) -> Closed:
        """How the connection ended.

        :raises DeadlinePassed: it is still open.
        """
        closed: Closed = wait_for(
            lambda: self.closed, lambda seen: seen is not None, within, f"the end of {self.name}"
        ).value
        return closed

    def wait_until(self, matcher: "Matcher[Any] | Callable[[EventCapture], bool]", *, within: float) -> None:
        """Wait until the capture as a whole is as expected."""
        wait_for(lambda: self, matcher, within, f"on {self.name}")

    def _parse(self) -> None:
        if self._read == len(self._frames):
            return
        with self._parsing:
            while self._read < len(self._frames):
                received, kind, data, connection = self._frames[self._read]
                if kind is Kind.TEXT:
                    self._decoder.feed(received, data.decode("utf-8", "replace"), connection)
                self._read += 1

    def __repr__(self) -> str:
        return f"<events of {self.name}: {len(self._frames)} frames, {self.connections} connections>"
