"""How a platform says things on the wire: where tokens go, how an event is wrapped, what an answer's status means.

Platforms differ in these while they promise the same, so all of it lives here and nothing of it elsewhere.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal
from urllib.parse import urlencode

from support.platform.story import Event


class Meaning(Enum):
    """What an answer says, whatever number a platform gives it."""

    DONE = "done"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission denied"
    NOT_FOUND = "not found"
    CONFLICT = "conflict"
    GONE = "gone"
    INVALID = "invalid"
    RATE_LIMITED = "rate limited"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


class Closing(Enum):
    """Why a platform closes a connection, whatever code it gives."""

    SESSION_OVER = "the session is over"
    REMOVED = "the user was removed"
    OTHER = "another reason"


@dataclass(frozen=True, slots=True)
class Carried:
    """How a token travels with a WebSocket handshake."""

    headers: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamControl:
    """A frame about the stream itself: ``stream_opened`` or ``resync_required``."""

    type: str
    epoch: str | None
    sequence: int | None


TokenCarrier = Literal["header", "subprotocol", "query"]
Wrapping = Literal["flat", "data", "payload"]


Decode = Callable[[str], "Sequence[Event | StreamControl]"]
"""Reads one frame of a stream; it may remember those before. Raises ValueError for one that makes no sense."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The wire habits of one platform.

    ``website`` is the origin of the platform's own web application, as a browser shows it; ``meanings`` and
    ``closings`` are those of statuses and of close codes, ``controls`` the types of frames about the stream itself,
    ``identities`` what each event names beside its run.
    """

    name: str
    wrapping: Wrapping = "flat"
    token_carrier: TokenCarrier = "header"
    subprotocol: str = ""
    token_parameter: str = "token"
    sequences: bool = True
    website: str = ""
    meanings: Mapping[int, Meaning] = field(default_factory=dict)
    closings: Mapping[int, Closing] = field(default_factory=dict)
    controls: frozenset[str] = frozenset()
    identities: frozenset[str] = frozenset({"user_id", "thread_id", "request_id", "trace_id"})

    def meaning(self, status: int) -> Meaning:
        """What an HTTP status says on this platform."""
        if status < 400:
            return Meaning.DONE
        found = self.meanings.get(status)
        if found:
            return found
        return Meaning.INVALID if status < 500 else Meaning.FAILED

    def closing(self, code: int | None) -> Closing:
        """What a close code says on this platform."""
        return self.closings.get(code or 0, Closing.OTHER)

    def carry(self, token: str | None, carrier: TokenCarrier | None = None) -> Carried:
        """How a token is shown at the WebSocket handshake; ``carrier`` overrides the platform's usual one."""
        if token is None:
            return Carried()
        match carrier or self.token_carrier:
            case "header":
                return Carried(headers={"Authorization": f"Bearer {token}"})
            case "subprotocol":
                return Carried(subprotocols=(self.subprotocol, f"bearer.{token}"))
            case "query":
                return Carried(query={self.token_parameter: token})

    def resume_query(self, sequence: int | None, epoch: str | None) -> dict[str, str]:
        """The query that asks for the events after ``sequence``; empty on a platform without sequence numbers."""
        if not self.sequences or sequence is None:
            return {}
        return {"last_sequence": str(sequence), **({"epoch": epoch} if epoch else {})}

    def published(self, text: str) -> tuple[str, Any]:
        """What a received text frame is in the published description of live events: its type, and its JSON.

        :raises ValueError: it is no JSON object, or has no type.
        """
        frame = json.loads(text)
        if not isinstance(frame, dict) or "type" not in frame:
            raise ValueError(f"not an event: {text[:200]}")
        return str(frame["type"]), frame

    def decoder(self) -> Decode:
        """What reads the frames of one stream, in their order."""
        return self.decode

    def decode(self, text: str) -> Sequence[Event | StreamControl]:
        """One received text frame that says all by itself.

        :raises ValueError: the frame is no JSON object, or lacks its type.
        """
        frame = json.loads(text)
        if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
            raise ValueError(f"not an event: {text[:200]}")
        if frame["type"] in self.controls:
            return [StreamControl(frame["type"], frame.get("epoch"), frame.get("sequence"))]
        return [_event(frame if self.wrapping == "flat" else _unwrapped(frame, self.wrapping))]


def with_query(url: str, query: Mapping[str, str]) -> str:
    """The URL with a query appended."""
    return f"{url}?{urlencode(query)}" if query else url


def _unwrapped(frame: dict[str, Any], wrapping: str) -> dict[str, Any]:
    inner = frame.get(wrapping)
    if not isinstance(inner, dict):
        raise ValueError(f"an event without {wrapping!r}")
    named = {key: inner[key] for key in _ENVELOPE if key in inner}
    payload = {key: value for key, value in inner.items() if key not in _ENVELOPE}
    return {
        **{key: frame[key] for key in _ENVELOPE if key in frame},
        **named,
        "type": frame["type"],
        "payload": payload,
    }


_ENVELOPE = ("run_id", "thread_id", "agent_name", "sequence", "run_sequence", "timestamp", "trace")


def _event(frame: dict[str, Any]) -> Event:
    trace = frame.get("trace") or {}
    return Event(
        type=frame["type"],
        run_id=frame.get("run_id"),
        thread_id=frame.get("thread_id"),
        agent_name=frame.get("agent_name"),
        sequence=frame.get("sequence"),
        run_sequence=frame.get("run_sequence"),
        timestamp=frame.get("timestamp"),
        payload=frame.get("payload") or {},
        trace_id=trace.get("trace_id"),
        request_id=trace.get("request_id"),
        user_id=trace.get("user_id"),
    )
