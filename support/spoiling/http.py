"""One HTTP connection between driver and platform, understood: requests as they go, answers as they come, streams."""

from collections.abc import Callable
from dataclasses import dataclass

import h11

from support.spoiling.outlet import Outlet
from support.spoiling.spoiled import Spoiled, SpoiledStream, framing_of
from support.stack.link import Sink
from support.stack.pipe import End

_LARGEST_HEAD = 1 << 20
_SWITCHED = 101
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class _Feed:
    feed: Callable[[bytes], None]
    feed_end: Callable[[End], None]


class SpoiledConnection:
    """Follows both directions. What it does not understand passes as it is, to the end of the connection."""

    def __init__(self, spoiled: Spoiled, to_server: Sink, to_client: Sink) -> None:
        self._spoiled = spoiled
        self._to_server = to_server
        self._to_client = Outlet(to_client)
        self._customer = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)
        self._server = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._unsent = b""
        self._is_plain = False
        self._method = self._path = self._token = ""
        self._response: h11.Response | None = None
        self._content: list[bytes] | None = None
        self._stream: SpoiledStream | None = None
        self._is_switched = False

        self.requests: Sink = _Feed(self._feed_request, to_server.feed_end)
        self.answers: Sink = _Feed(self._feed_answer, self._feed_answer_end)

    # -- requests -----------------------------------------------------------------------------------------------

    def _feed_request(self, data: bytes) -> None:
        """Bytes from the customer."""
        if self._is_plain or self._is_switched:
            self._to_server.feed(data)
            return
        self._unsent += data
        try:
            self._customer.receive_data(data)
            self._pass_requests()
        except h11.ProtocolError:
            self._be_plain()

    def _pass_requests(self) -> None:
        while True:
            event = self._customer.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            assert isinstance(event, h11.Request | h11.Data | h11.EndOfMessage)
            if isinstance(event, h11.Request):
                event = self._request(event)
            sent = self._server.send(event)
            self._unsent = self._customer.trailing_data[0]
            if sent:
                self._to_server.feed(sent)

    def _request(self, asked: h11.Request) -> h11.Request:
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in asked.headers}
        self._token = headers.get("authorization", "")
        self._method, self._path = asked.method.decode(), asked.target.decode("latin-1")
        method, path = self._spoiled.asked(self._method, self._path)
        if (method, path) == (self._method, self._path):
            return asked
        kept = [each for each in asked.headers.raw_items() if each[0].lower() not in {*_FRAMING, b"content-type"}]
        return h11.Request(method=method, target=path, headers=kept)

    def _be_plain(self) -> None:
        self._is_plain = True
        rest, self._unsent = self._unsent, b""
        if rest:
            self._to_server.feed(rest)

    # -- answers ------------------------------------------------------------------------------------------------

    def _feed_answer(self, data: bytes) -> None:
        """Bytes from the platform."""
        if self._is_switched:
            self._pass_frames(data)
        elif self._is_plain:
            self._to_client.send(data)
        else:
            self._understand(data)

    def _feed_answer_end(self, end: End) -> None:
        """The platform has ended."""
        if not self._is_plain and not self._is_switched:
            self._understand(b"")
        if self._is_switched and self._stream is not None:
            for each, late in self._stream.end():
                self._to_client.send(each, late)
        self._to_client.send(b"", end=end)

    def _understand(self, data: bytes) -> None:
        try:
            self._server.receive_data(data)
            self._pass_answers()
        except h11.ProtocolError:
            # Broken off in the middle: what came so far stays away, and the end that follows shows it.
            self._is_plain = True

    def _pass_answers(self) -> None:
        while True:
            event = self._server.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            if isinstance(event, h11.InformationalResponse):
                self._say(event)
                if event.status_code == _SWITCHED:
                    self._switch()
                    return
            elif isinstance(event, h11.Response):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._go_on(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._finish(event)

    def _switch(self) -> None:
        self._is_switched = True
        self._stream = self._spoiled.stream(self._path, self._token, framing_of(is_websocket=True))
        if rest := self._server.trailing_data[0]:
            self._pass_frames(rest)

    def _pass_frames(self, data: bytes) -> None:
        assert self._stream is not None
        for each, late in self._stream.passing(data):
            self._to_client.send(each, late)

    def _begin(self, response: h11.Response) -> None:
        kind = dict(response.headers).get(b"content-type", b"")
        self._response, self._content, self._stream = response, None, None
        if kind.startswith(b"text/event-stream"):
            self._stream = self._spoiled.stream(self._path, self._token, framing_of(is_websocket=False))
            self._say(response)
        elif self._spoiled.keeps(self._method, self._path):
            self._content = []
        else:
            self._say(response)

    def _go_on(self, data: bytes) -> None:
        if self._content is not None:
            self._content.append(data)
        elif self._stream is not None:
            for each, late in self._stream.passing(data):
                self._say(h11.Data(data=each), late)
        else:
            self._say(h11.Data(data=data))

    def _finish(self, end: h11.EndOfMessage) -> None:
        assert self._response is not None
        if self._stream is not None:
            for each, late in self._stream.end():
                self._say(h11.Data(data=each), late)
        elif self._content is not None:
            self._answer(self._response, b"".join(self._content))
        self._say(end)
        self._stream = None
        if self._customer.our_state is h11.DONE and self._customer.their_state is h11.DONE:
            self._customer.start_next_cycle()
            self._server.start_next_cycle()
            self._unsent = self._customer.trailing_data[0]
            self._pass_requests()

    def _answer(self, response: h11.Response, content: bytes) -> None:
        status, said, late = self._spoiled.answered(
            self._method, self._path, self._token, response.status_code, content
        )
        if (status, said) != (response.status_code, content):
            kept = [each for each in response.headers.raw_items() if each[0].lower() not in _FRAMING]
            length = (b"content-length", str(len(said)).encode())
            response = h11.Response(status_code=status, headers=[*kept, length])
        self._say(response, late)
        if said:
            self._say(h11.Data(data=said))

    def _say(self, event: h11.Event, late: float = 0.0) -> None:
        if said := self._customer.send(event):
            self._to_client.send(said, late)
