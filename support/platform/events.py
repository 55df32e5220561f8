"""A user's live connection: what came over it, when, and in which order."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from hamcrest.core.matcher import Matcher
from websocket import ABNF

from support.platform.decoding import StreamDecoder
from support.platform.dialect import Dialect, StreamControl, TokenCarrier, with_query
from support.platform.live_socket import Closed, Frame, Handshake, LiveSocket, open_socket
from support.platform.story import Event, RunLike
from support.scenario.waiting import wait_for


class EventCapture:
    """Everything that comes over a user's connections, in the order in which it came.

    Raw frames are kept as they arrive and read only when somebody asks, so that receiving is as quick as the
    bare library. Reconnecting continues the same capture; each event knows which connection it came over.
    """

    def __init__(
        self,
        url: str,
        dialect: Dialect,
        token: Callable[[], str | None],
        *,
        name: str = "",
        connect_timeout: float = 10.0,
    ) -> None:
        """
        :param url: the WebSocket address without query.
        :param token: gives the token of the moment; asked at each connecting.
        """
        self.url = url
        self.dialect = dialect
        self.name = name
        self.handshake = Handshake(None)
        self._token = token
        self._timeout = connect_timeout
        self._frames: list[Frame] = []
        self._read = 0
        self._decoder = StreamDecoder(dialect)
        self._parsing = threading.Lock()
        self._sockets: list[LiveSocket] = []

    # -- connecting -------------------------------------------------------------------------------------------

    def connect(
        self,
        *,
        resume: bool = False,
        origin: str | None = None,
        carrier: TokenCarrier | None = None,
        after: int | None = None,
        epoch: str | None = None,
    ) -> Handshake:
        """Open a connection, leaving the one before. A refusal is a value: look at the handshake's status.

        :param resume: ask for what was missed since the last sequence seen.
        :param after: resume after this sequence instead of the last one seen.
        :param epoch: the stream epoch to resume, when it is not the one seen last.
        """
        self.drop()
        carried = self.dialect.carry(self._token(), carrier)
        query = dict(carried.query)
        if resume or after is not None:
            query |= self.dialect.resume_query(self.last_sequence if after is None else after, epoch or self.epoch)
        self.handshake, opened = open_socket(with_query(self.url, query), carried, origin, self._timeout)
        if opened is not None:
            self._sockets.append(LiveSocket(opened, len(self._sockets) + 1, self._frames, self.name or self.url))
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

    def drop(self) -> None:
        """Leave without a word: the line is reset, no close frame is sent."""
        if self._sockets:
            self._sockets[-1].drop()

    def close(self) -> None:
        """Leave politely, with a close frame."""
        if self._sockets:
            self._sockets[-1].close()

    # -- what came --------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self.handshake.accepted and self.closed is None

    @property
    def closed(self) -> Closed | None:
        """How the last connection ended, or None."""
        return self._sockets[-1].closed if self._sockets else None

    @property
    def connections(self) -> int:
        """How many connections were opened."""
        return len(self._sockets)

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
        return [
            data.decode("utf-8", "replace") for _, opcode, data, _ in list(self._frames) if opcode == ABNF.OPCODE_TEXT
        ]

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
        return [received for received, opcode, _, _ in list(self._frames) if opcode == ABNF.OPCODE_PING]

    @property
    def silent_for(self) -> float:
        """Seconds since anything came, be it a heartbeat."""
        heard = self._frames[-1][0] if self._frames else 0.0
        opened = self._sockets[-1].opened_at if self._sockets else 0.0
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
            f"{type or 'an event'} on {self.name or 'the connection'}",
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
            lambda: self.closed, lambda seen: seen is not None, within, f"the end of {self.name or 'the connection'}"
        ).value
        return closed

    def wait_until(self, matcher: "Matcher[Any] | Callable[[EventCapture], bool]", *, within: float) -> None:
        """Wait until the capture as a whole is as expected."""
        wait_for(lambda: self, matcher, within, f"on {self.name or 'the connection'}")

    def _parse(self) -> None:
        if self._read == len(self._frames):
            return
        with self._parsing:
            while self._read < len(self._frames):
                received, opcode, data, connection = self._frames[self._read]
                if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                    self._decoder.feed(received, data.decode("utf-8", "replace"), connection)
                self._read += 1

    def __repr__(self) -> str:
        return f"<events of {self.name or self.url}: {len(self._frames)} frames, {self.connections} connections>"
