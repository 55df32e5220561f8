"""Live events over HTTP (text/event-stream), one response for each run."""

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import httpx

from support.platform.streams import Closed, Frame, Handshake, Kind, Wanted
from support.scenario.verdict import NotShown


@dataclass(frozen=True, slots=True)
class Request:
    """How a stream is asked for: the path with its query, the headers, and what a form says where there is one."""

    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None


def named(frame: Mapping[str, str]) -> str | None:
    """The id of a frame, where they have one."""
    return frame.get("id")


class ServerSentEvents:
    """The events of a run over a response that goes on until the run ends.

    :param address: of the API.
    :param request: how a stream is asked for, also one that is to be resumed.
    :param id_of: what a frame is called when a stream is resumed after it.
    :param timeout: seconds that the opening may take.
    :param ca_file: certificates of the private authority that signs the platform's.

    A frame is a JSON object with the event's ``event``, ``id`` and ``data``; a comment is a heartbeat.
    """

    per_run = True

    def __init__(
        self,
        address: str,
        request: Callable[[Wanted], Request],
        timeout: float = 10.0,
        ca_file: str = "",
        id_of: Callable[[Mapping[str, str]], str | None] = named,
    ) -> None:
        self.address = address
        self._ca_file = ca_file
        self._request = request
        self._id_of = id_of
        self._timeout = timeout

    def last_id(self, frames: Iterable[Frame], number: int) -> str | None:
        """The id of the last frame that a connection brought; None: none had one."""
        texts = [json.loads(data) for _, kind, data, connection in frames if (kind, connection) == (Kind.TEXT, number)]
        ids = map(self._id_of, reversed(texts))
        return next((id for id in ids if id is not None), None)

    def open(
        self, wanted: Wanted, frames: list[Frame], number: int, name: str
    ) -> tuple[Handshake, "ResponseStream | None"]:
        """Open the stream of a run; nothing to be opened as long as there is none."""
        if wanted.run_id is None:
            return Handshake(None, accepted=True), None
        request = self._request(wanted)
        # Certificates are read only where there are some: it takes longer than the opening itself.
        certified = self.address.startswith("https:") and ssl.create_default_context(cafile=self._ca_file or None)
        client = httpx.Client(verify=certified, trust_env=False, timeout=self._timeout)
        method = "GET" if request.form is None else "POST"
        asked = client.build_request(method, self.address + request.path, headers=request.headers, data=request.form)
        started = time.monotonic()
        try:
            response = client.send(asked, stream=True)
        except httpx.HTTPError as error:
            client.close()
            return Handshake(None, "", f"{type(error).__name__}: {error}", time.monotonic() - started), None
        # The beginning of an answer is waited for as long as its opening may take, and what follows without end.
        asked.extensions["timeout"]["read"] = None
        took, answered = time.monotonic() - started, dict(response.headers)
        if response.status_code != httpx.codes.OK:
            body = response.read().decode("utf-8", "replace")
            client.close()
            return Handshake(response.status_code, body, None, took, answered), None
        shake = Handshake(response.status_code, seconds=took, headers=answered, accepted=True)
        return shake, ResponseStream(client, response, number, frames, name)


class ResponseStream:
    """An open stream, and the thread that appends its frames."""

    def __init__(
        self, client: httpx.Client, response: httpx.Response, number: int, frames: list[Frame], name: str
    ) -> None:
        self.opened_at = time.monotonic()
        self.closed: Closed | None = None
        self._client, self._response = client, response
        self._number, self._frames, self._name = number, frames, name
        self._thread = threading.Thread(target=self._receive, name=f"events {name}", daemon=True)
        self._thread.start()

    def drop(self) -> None:
        """Leave without a word: the connection is reset."""
        self._leave(abruptly=True)

    def close(self) -> None:
        """Leave; HTTP has no word for it, so the connection is closed."""
        self._leave(abruptly=False)

    def _leave(self, abruptly: bool) -> None:
        connection = self._response.extensions["network_stream"].get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            with contextlib.suppress(OSError):  # already gone, which is what was wanted
                if abruptly:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Wakes the receiving thread, which a close alone does not.
                connection.shutdown(socket.SHUT_RD if abruptly else socket.SHUT_RDWR)
        self._thread.join(timeout=2.0)
        if self._thread.is_alive():
            raise NotShown(f"the receiver of {self._name} does not end")
        self._client.close()

    def _receive(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self._response.iter_lines():
                now = time.monotonic()
                if not line:
                    if event:
                        self._frames.append((now, Kind.TEXT, json.dumps(event).encode(), self._number))
                    event = {}
                elif line.startswith(":"):
                    self._frames.append((now, Kind.HEARTBEAT, line.encode(), self._number))
                else:
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    event[name] = f"{event['data']}\n{value}" if name == "data" and "data" in event else value
            self.closed = Closed(None, "the stream has ended", time.monotonic())
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            self.closed = Closed(None, "", time.monotonic(), f"{type(error).__name__}: {error}")
