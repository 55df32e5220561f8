"""What passes on its way to the driver, as a spoiling sees and changes it: answers, and the frames of live streams."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from support.platform.dialect import StreamControl
from support.platform.story import Event
from support.spoiling.wire import THINGS, Wire, held_by, part_of, put


@dataclass(slots=True)
class Answer:
    """An answer to one of the driver's verbs.

    ``ids`` are those in the path of its request; ``caller`` tells whose token came with it, without showing it.
    ``late``: seconds by which it is kept back.
    """

    wire: Wire
    verb: str
    ids: tuple[str, ...]
    caller: str
    status: int
    body: Any
    late: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether the platform did what was asked."""
        return self.status < 400

    def part(self, name: str, of: Any = None) -> Any:
        """A part of what the answer is about, or of an entry of its list."""
        return part_of(self.body if of is None else of, self.wire.place(THINGS[self.verb], name))

    def put(self, name: str, value: Any, of: Any = None) -> None:
        """Change that part."""
        put(self.body if of is None else of, self.wire.place(THINGS[self.verb], name), value)

    def state(self, status: str) -> None:
        """Have the run be in a status, one of the suite's words."""
        self.put("status", self.wire.statuses[status])

    def is_in(self, *statuses: str) -> bool:
        """Whether the run is in one of these statuses, the suite's words."""
        return self.is_done and self.part("status") in [self.wire.statuses[status] for status in statuses]

    @property
    def items(self) -> list[Any]:
        """The entries of a list; empty where there is none."""
        found = part_of(self.body, self.wire.lists[self.verb]) if self.is_done else None
        return found if isinstance(found, list) else []

    @items.setter
    def items(self, entries: Sequence[Any]) -> None:
        place = self.wire.lists[self.verb]
        if place:
            put(self.body, place, list(entries))
        else:
            self.body = list(entries)

    def replace_with(self, other: "Answer") -> None:
        """Say what another answer says."""
        self.status, self.body = other.status, copy.deepcopy(other.body)


@dataclass(slots=True)
class Frame:
    """A frame of a live stream; ``events`` are what the driver's decoder makes of it after those before it.

    ``body``: its JSON; of a server-sent event its fields, with the JSON of its data.
    """

    body: Any
    events: Sequence[Event | StreamControl]
    late: float = 0.0

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def is_of(self, *types: str) -> bool:
        """Whether it tells of such an event."""
        return any(type in types for type in self.types)

    @property
    def is_event(self) -> bool:
        """Whether it tells of any event of a run."""
        return any(isinstance(event, Event) for event in self.events)

    def copied(self) -> "Frame":
        return copy.deepcopy(self)

    def rewrite(self, old: str, new: str) -> None:
        """Have another text stand wherever one does."""
        if old and old != new:
            self.body = json.loads(json.dumps(self.body).replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1]))


@dataclass(slots=True)
class Stream:
    """A stream of live events: whose it is, how often the same one was opened before, what a spoiling keeps of it."""

    caller: str
    place: str
    opened_before: int
    kept: dict[str, Any] = field(default_factory=dict)
    held: list[Frame] = field(default_factory=list)
    """What is kept back; it leaves when the stream ends, unless it did before."""


@dataclass(slots=True)
class Seen:
    """Everything that has passed."""

    answers: list[Answer] = field(default_factory=list)
    frames: list[tuple[str, Sequence[Event | StreamControl], Callable[[], Any]]] = field(default_factory=list)
    """Of each frame whose stream it came over, its events, and what gives its body."""
    kept: dict[str, Any] = field(default_factory=dict)

    def of_another(self, answer: Answer) -> Answer | None:
        """The latest answer of the kind that somebody else was given, in the same status."""
        return next((each for each in reversed(self.answers) if _is_alike(each, answer)), None)

    def before(self, answer: Answer) -> Answer | None:
        """The first answer that the caller was given to the same request."""
        alike = (each for each in self.answers if _request(each) == _request(answer))
        return next((each for each in alike if each.is_done), None)

    def a_run(self) -> Any:
        """What was first said of a run that was started; None: of none yet. Some platforms say it in a list alone."""
        for each in self.answers:
            if each.verb == "start_run" and each.is_done:
                return copy.deepcopy(each.body)
            if each.verb == "runs" and each.items:
                return copy.deepcopy(each.items[0])
        return None

    def events_of_others(self, stream: Stream) -> list[Frame]:
        """The latest frame with an event that came over somebody else's stream; empty when none did."""
        return self._latest(lambda caller: caller != stream.caller)

    def events_before(self, stream: Stream) -> list[Frame]:
        """The latest frame with an event that came over this or an earlier stream of the same caller."""
        return self._latest(lambda caller: caller == stream.caller)

    def _latest(self, is_wanted: Callable[[str], bool]) -> list[Frame]:
        for caller, events, body in reversed(self.frames):
            if is_wanted(caller) and any(isinstance(event, Event) for event in events):
                return [Frame(body(), events)]
        return []


def _is_alike(other: Answer, answer: Answer) -> bool:
    if other.verb != answer.verb or other.caller == answer.caller or other.status != answer.status:
        return False
    return THINGS.get(answer.verb) != "run" or other.part("status") == answer.part("status")


def _request(answer: Answer) -> tuple[str, tuple[str, ...], str]:
    return answer.verb, answer.ids, answer.caller


def values_at(body: Any, key: str) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Every value that stands under a key, however deep, also in texts that are JSON; and what puts another there."""
    entries = list(body.items()) if isinstance(body, dict) else list(enumerate(body)) if isinstance(body, list) else []
    for name, value in entries:
        if name == key:
            yield value, partial(body.__setitem__, name)
            continue
        held = held_by(value)
        for found, put_within in values_at(value if held is None else held, key):
            yield found, put_within if held is None else partial(_put_into_text, body, name, held, put_within)


def _put_into_text(body: Any, name: Any, held: Any, put_within: Callable[[Any], None], new: Any) -> None:
    put_within(new)
    body[name] = json.dumps(held, ensure_ascii=False)
