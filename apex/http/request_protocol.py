"""The server's side of HTTP: requests whose line and headers are within the limits, and come in time.

uvicorn reads whatever comes for as long as it comes: a header without end fills the memory, and who sends one byte
now and then keeps a connection for ever.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, ClassVar

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from apex.http.problems import Problem, answer
from apex.settings import Requests

log = structlog.get_logger()

# What common servers take; a WebSocket handshake is parsed once more, by a library with the same limits.
_MAX_LINE_BYTES = 8_190
_MAX_HEADERS = 100
_PIECE_BYTES = 4_096
# For so long the rest of a refused request is thrown away: a connection that is closed with something unread is reset,
# and the reason is lost on its way.
_LINGER_SECONDS = 2.0

URI_TOO_LONG = Problem(414, "uri_too_long", f"An address may have at most {_MAX_LINE_BYTES} bytes.")
HEADERS_TOO_LARGE = Problem(
    431,
    "headers_too_large",
    f"The headers are too large: at most {_MAX_HEADERS}, of {_MAX_LINE_BYTES} bytes each, and not too many of these.",
)
NOT_HTTP = Problem(400, "bad_request", "This is not a valid HTTP request.")
_TOO_SLOW = Problem(408, "request_timeout", "The request did not come in time.")


def refuse(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, problem: Problem) -> None:
    """Answer a request that no application has seen, and end the connection. The caller drops what still comes."""
    request_id = str(uuid.uuid4())
    peer = transport.get_extra_info("peername")
    log.warning("request refused", status=problem.status, code=problem.code, request_id=request_id, peer=peer)
    response = answer(request_id, problem)
    headers = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    transport.write(STATUS_LINE[problem.status] + lines + b"\r\n" + bytes(response.body))
    if transport.can_write_eof():
        transport.write_eof()
    loop.call_later(_LINGER_SECONDS, transport.close)


class RequestProtocol(HttpToolsProtocol):
    """uvicorn's own, with limits."""

    limits: ClassVar[Requests] = Requests()

    def __init__(self, *of: Any, **more: Any) -> None:
        super().__init__(*of, **more)
        self._in_head = self._ended = self._progress = False
        self._head_bytes = self._header_count = self._buffered = 0
        self._reason = NOT_HTTP
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # In small pieces, because the parser keeps to itself what it has not seen the end of: a header, or a trailer.
        for at in range(0, len(data), _PIECE_BYTES):
            if self._ended or self.transport.get_protocol() is not self:
                return
            piece = data[at : at + _PIECE_BYTES]
            self._progress = False
            super().data_received(piece)
            self._buffered = 0 if self._progress else self._buffered + len(piece)
            if self._buffered > _MAX_LINE_BYTES and not self._ended:
                self._refuse(HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._progress = True
        self._head_bytes = self._header_count = 0
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._progress = True
        self._head_bytes += len(url)
        if len(self.url) > _MAX_LINE_BYTES:
            self._stop_parsing(URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._progress = True
        line = len(name) + len(value) + len(b": \r\n")
        self._head_bytes += line
        self._header_count += 1
        too_many = self._header_count > _MAX_HEADERS or self._head_bytes > self.limits.max_head_bytes
        if too_many or line > _MAX_LINE_BYTES:
            self._stop_parsing(HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self._in_head, self._progress = False, True
        self._head_came()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._progress = True
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """The parser has stopped: at something of ours, or because what came is not HTTP."""
        self._refuse(self._reason)

    def _stop_parsing(self, reason: Problem) -> None:
        self._reason = reason
        raise reason

    def _expect_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.limits.head_seconds, self._too_late)

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        self._late = None
        if self._answering():
            # Who asks ahead is not read on meanwhile.
            self._expect_head()
        elif self._in_head:
            self._refuse(_TOO_SLOW)
        else:
            self.transport.close()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        self._ended = True
        self._head_came()
        self._unset_keepalive_if_required()
        if self._answering() and not self.cycle.more_body:
            # Answers come in order: the one that is due is the last.
            self.cycle.keep_alive = False
            return
        if self._answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        refuse(self.transport, self.loop, problem)


def limited(limits: Requests) -> type[RequestProtocol]:
    """The protocol with these limits."""
    return type("LimitedRequestProtocol", (RequestProtocol,), {"limits": limits})
