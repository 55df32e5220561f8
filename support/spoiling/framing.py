"""The frames of live streams among the bytes that carry them: of WebSockets, and of server-sent events."""

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, Protocol

from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from support.spoiling.passing import Frame

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class Framing(Protocol):
    """Takes bytes, gives pieces: bytes that are no event, and the bodies of those that are."""

    def pieces(self, data: bytes) -> Iterator[tuple[bytes, Any]]:
        """The pieces that are whole by now: as they came, and the body (None: it is no event)."""

    def decoded(self, body: Any) -> str:
        """The body as the driver's decoder takes it."""

    def body(self, decoded: str) -> Any:
        """The body of what the driver's decoder takes."""

    def written(self, frame: Frame) -> bytes:
        """The frame as it travels."""


class WebSockets:
    """Text frames whose content is JSON."""

    def __init__(self) -> None:
        self._reader = StreamReader()
        self._parser: Generator[None, None, WebSocketFrame] | None = None

    def pieces(self, data: bytes) -> Iterator[tuple[bytes, Any]]:
        self._reader.feed_data(data)
        while True:
            if self._parser is None:
                self._parser = WebSocketFrame.parse(self._reader.read_exact, mask=False)
            try:
                next(self._parser)
            except StopIteration as parsed:
                self._parser = None
                frame = parsed.value
                is_text = frame.opcode is Opcode.TEXT and frame.fin and not frame.rsv1
                yield frame.serialize(mask=False), _json(frame.data) if is_text else None
            else:
                return

    def decoded(self, body: Any) -> str:
        return json.dumps(body)

    def body(self, decoded: str) -> Any:
        return json.loads(decoded)

    def written(self, frame: Frame) -> bytes:
        content = json.dumps(frame.body, ensure_ascii=False).encode()
        return WebSocketFrame(Opcode.TEXT, content).serialize(mask=False)


class ServerSentEvents:
    """Blocks of lines; comments are no events."""

    def __init__(self) -> None:
        self._read = b""

    def pieces(self, data: bytes) -> Iterator[tuple[bytes, Any]]:
        self._read += data
        while (found := _BLANK_LINE.search(self._read)) is not None:
            block, self._read = self._read[: found.end()], self._read[found.end() :]
            yield block, _fields(block.decode("utf-8", "replace"))

    def decoded(self, body: Any) -> str:
        return json.dumps(body if "data" not in body else {**body, "data": json.dumps(body["data"])})

    def body(self, decoded: str) -> Any:
        fields = json.loads(decoded)
        return fields if "data" not in fields else {**fields, "data": json.loads(fields["data"])}

    def written(self, frame: Frame) -> bytes:
        lines = [f"{name}: {json.dumps(value) if name == 'data' else value}" for name, value in frame.body.items()]
        return "".join(f"{line}\n" for line in (*lines, "")).encode()


def _fields(block: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for line in block.splitlines():
        name, _, value = line.partition(":")
        if name:
            value = value.removeprefix(" ")
            found[name] = f"{found[name]}\n{value}" if name == "data" and name in found else value
    if "data" in found:
        found["data"] = _json(found["data"].encode())
    return found or None


def _json(text: bytes | bytearray) -> Any:
    try:
        return json.loads(bytes(text))
    except ValueError:
        return None
