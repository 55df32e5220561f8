"""The traffic of one target while something of it is spoiled: what is told of each exchange, and what comes of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import partial

from support.platform.dialect import Decode
from support.platform.target import Target
from support.spoiling.entries import NOTHING, Passing, Spoiling, catalogue
from support.spoiling.framing import Framing, ServerSentEvents, WebSockets
from support.spoiling.passing import Answer, Frame, Seen, Stream
from support.spoiling.wire import EVENTS, Wire


class Spoiled:
    """All connections to a platform while one entry of the catalogue holds."""

    def __init__(self, wire: Wire, target: Target, spoiling: Spoiling) -> None:
        self.wire = wire
        self.spoiling = spoiling
        self.seen = Seen()
        self._dialect = target.driver_class.dialect
        self._opened: Counter[tuple[str, str]] = Counter()

    @classmethod
    def of(cls, target: str, id: str) -> "Spoiled":
        """What is entered under an id; "" for nothing.

        :raises KeyError: there is no such entry; OSError, ValueError: the target cannot be spoiled.
        """
        known = Target.load(target)
        return cls(Wire.read(known.folder / "wire.toml"), known, catalogue()[id] if id else NOTHING)

    def asked(self, method: str, path: str) -> tuple[str, str]:
        """What the platform is asked in place of this."""
        known = self.wire.verb(method, path)
        if known is None or known[0] not in self.spoiling.instead:
            return method, path
        return self.wire.request(self.spoiling.instead[known[0]], known[1])

    def answered(self, method: str, path: str, token: str, status: int, content: bytes) -> tuple[int, bytes, float]:
        """Status and content of an answer as they are to arrive, and the seconds by which they are late."""
        known = self.wire.verb(method, path, self.spoiling.verbs)
        # All links share one process: it does no more than is needed.
        if known is None or self.spoiling.change is None:
            return status, content, 0.0
        answer = Answer(self.wire, *known, caller(token), status, _json(content))
        if answer.body is None and content:
            return status, content, 0.0
        self.seen.answers.append(Answer(self.wire, *known, answer.caller, status, _json(content)))
        if answer.verb not in self.spoiling.verbs:
            return status, content, 0.0
        before = json.dumps(answer.body)
        self.spoiling.change(answer, self.seen)
        after = json.dumps(answer.body)
        return answer.status, content if after == before else after.encode(), answer.late

    def keeps(self, method: str, path: str) -> bool:
        """Whether the answer to this is looked at as a whole."""
        return self.wire.verb(method, path) is not None

    def stream(self, path: str, token: str, framing: Framing) -> "SpoiledStream":
        """A stream that is opened."""
        place = path.partition("?")[0]
        whose = caller(token)
        stream = Stream(whose, place, self._opened[whose, place])
        self._opened[whose, place] += 1
        return SpoiledStream(self, stream, framing, self._dialect.decoder())

    def is_stream(self, method: str, path: str) -> bool:
        """Whether live events come over the answer to this."""
        known = self.wire.verb(method, path)
        return known is not None and known[0] == EVENTS


class SpoiledStream:
    """One stream of live events, frame by frame."""

    def __init__(self, spoiled: Spoiled, stream: Stream, framing: Framing, decode: Decode) -> None:
        self._spoiled, self._stream, self._framing, self._decode = spoiled, stream, framing, decode

    def passing(self, data: bytes) -> Sequence[tuple[bytes, float]]:
        """What passes in the place of these bytes, each with the seconds by which it is late."""
        passing = self._spoiled.spoiling.passing
        if passing is None:
            return [(data, 0.0)]
        found: list[tuple[bytes, float]] = []
        for raw, body in self._framing.pieces(data):
            if body is None:
                found.append((raw, 0.0))
            else:
                found += self._pass(raw, body, passing)
        return found

    def end(self) -> Sequence[tuple[bytes, float]]:
        """What was held back and leaves with the end of the stream."""
        held, self._stream.held[:] = list(self._stream.held), []
        return [(self._framing.written(frame), frame.late) for frame in held]

    def _pass(self, raw: bytes, body: object, passing: Passing) -> list[tuple[bytes, float]]:
        text = self._framing.decoded(body)
        try:
            events = self._decode(text)
        except (ValueError, TypeError, KeyError, AttributeError):  # the driver will find it as strange
            events = ()
        frame = Frame(body, events)
        frames = passing(frame, self._stream, self._spoiled.seen)
        self._spoiled.seen.frames.append((self._stream.caller, events, partial(self._framing.body, text)))
        return [
            (
                raw if each is frame and self._framing.decoded(each.body) == text else self._framing.written(each),
                each.late,
            )
            for each in frames
        ]


def framing_of(is_websocket: bool) -> Framing:
    """How frames are told apart."""
    return WebSockets() if is_websocket else ServerSentEvents()


def caller(token: str) -> str:
    """What tells callers apart without showing their tokens."""
    return hashlib.sha256(token.encode()).hexdigest()[:12] if token else ""


def _json(content: bytes) -> object:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
