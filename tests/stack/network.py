"""A server to talk to, and a customer who talks to it through a line."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator


class EchoServer:
    """Sends back what it is sent; `ends` holds how each connection ended: "closed" or "reset"."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.ends: list[str] = []
        self.received = bytearray()
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    def _echo(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    self.received += data
                    connection.sendall(data)
                self.ends.append("closed")
            except ConnectionError:
                self.ends.append("reset")

    def close(self) -> None:
        """Accept nobody any more; a thread that waits in accept() would keep the port open otherwise."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Customer:
    """A connection through a line."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self, size: int, seconds: float = 5.0) -> bytes:
        """Up to `size` bytes: fewer when the connection ends in order or `seconds` pass."""
        end = time.monotonic() + seconds
        found = b""
        while len(found) < size and (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                part = self.socket.recv(size - len(found))
            except TimeoutError:
                break
            if not part:
                break
            found += part
        return found

    def round_trip(self, data: bytes) -> float:
        """Seconds that it takes to get the data back."""
        begin = time.monotonic()
        self.send(data)
        assert self.receive(len(data)) == data
        return time.monotonic() - begin

    def end(self, seconds: float = 5.0) -> str:
        """How the connection ends: "closed", "reset", or "open" when nothing comes for `seconds`."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return "open"
        except ConnectionError:
            return "reset"
        return "closed"

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """End the connection with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextlib.contextmanager
def customer(port: int) -> Iterator[Customer]:
    """A customer's connection, closed at the end."""
    connected = Customer(port)
    try:
        yield connected
    finally:
        connected.close()


def fate_of_a_newcomer(port: int) -> str:
    """How a fresh connection ends ("reset" may be told while it is still being made)."""
    try:
        with customer(port) as newcomer:
            return newcomer.end()
    except ConnectionResetError:
        return "reset"
