"""The server's side of a WebSocket, which answers every handshake and waits for nobody for ever."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong, TooManyHeaders

from apex.http.request_protocol import HEADERS_TOO_LARGE, NOT_HTTP, URI_TOO_LONG, refuse

_GOODBYE_SECONDS = 0.5


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, but a handshake that its parser refuses is answered, and a connection without heartbeat ends at
    once.

    uvicorn leaves the first as it is, open and without a word. It closes the second in order, that is, after all that
    is still to be sent has been taken: on a line that takes nothing this never comes, and connection, session and
    buffers stay.
    """

    _refused = False

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if not self.handshake_initiated:
            self.conn.receive_data(data)
            if self.conn.handshake_exc is not None:
                self._refuse(self.conn.handshake_exc)
                return
            data = b""
        super().data_received(data)

    def keepalive_timeout(self) -> None:
        """The heartbeat was not answered."""
        super().keepalive_timeout()
        self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)

    def _refuse(self, error: Exception) -> None:
        self._refused = self.close_sent = self.handshake_complete = True
        match error:
            case RequestLineTooLong():
                problem = URI_TOO_LONG
            case HeaderLineTooLong() | TooManyHeaders():
                problem = HEADERS_TOO_LARGE
            case _:
                problem = NOT_HTTP
        refuse(self.transport, self.loop, problem)
