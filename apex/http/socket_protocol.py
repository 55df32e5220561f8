"""The server's side of a WebSocket, which does not wait for ever for one who takes nothing any more."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_GOODBYE_SECONDS = 0.5


class SocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own, but a connection without heartbeat ends at once.

    uvicorn closes it in order, that is, after all that is still to be sent has been taken: on a line that takes
    nothing this never comes, and connection, session and buffers stay.
    """

    def keepalive_timeout(self) -> None:
        """The heartbeat was not answered."""
        super().keepalive_timeout()
        self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)
