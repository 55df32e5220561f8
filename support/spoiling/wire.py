"""How a platform's API is read on its way to the driver: ``targets/<name>/wire.toml`` says it.

``[verbs]``
    Of each of the driver's verbs the method and path; ``{}`` stands for an id. ``events``: what live events come over.
``[places.<thing>]``
    Where in an answer about a thing (``run``, ``thread``, ``message``, ``agent``) its parts stand: dotted names; a
    number is that of an entry of a list (-1: the last), and ``{}`` what a text holds that is JSON itself.
``[lists]``
    Where in the answer of a verb that lists things their list stands: dotted names; "" is the answer itself.
``[statuses]``, ``[roles]``
    The platform's words for the statuses of runs, and for who wrote a message.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.platform.driver import Driver

THINGS = {
    "start_run": "run",
    "run": "run",
    "cancel_run": "run",
    "runs": "run",
    "create_thread": "thread",
    "thread": "thread",
    "rename_thread": "thread",
    "threads": "thread",
    "messages": "message",
    "agents": "agent",
}
"""What the answers to verbs are about."""

EVENTS = "events"
"""The verb that is none: opening a stream of live events."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What ``wire.toml`` says."""

    verbs: Mapping[str, tuple[str, str]]
    places: Mapping[str, Mapping[str, str]]
    lists: Mapping[str, str]
    statuses: Mapping[str, str]
    roles: Mapping[str, str]

    @classmethod
    def read(cls, file: Path) -> "Wire":
        """Read the file of a target.

        :raises ValueError: it lacks something, or is no TOML; OSError: it cannot be read.
        """
        written = tomllib.loads(file.read_text("utf-8"))
        try:
            verbs = {verb: _parted(place) for verb, place in written["verbs"].items()}
            read = cls(verbs, written["places"], written["lists"], written["statuses"], written["roles"])
        except KeyError as missing:
            raise ValueError(f"it lacks the entry {missing}") from None
        if unknown := sorted(verb for verb in verbs if verb != EVENTS and not hasattr(Driver, verb)):
            raise ValueError(f"the driver has no verb {', '.join(unknown)}")
        if missing_places := sorted({THINGS[verb] for verb in verbs if verb in THINGS} - read.places.keys()):
            raise ValueError(f"it does not say where what stands of {', '.join(missing_places)}")
        return read

    def verb(self, method: str, path: str, wanted: frozenset[str] = frozenset()) -> tuple[str, tuple[str, ...]] | None:
        """The verb that sends such a request, and the ids in its path.

        Of several it is one of those that are ``wanted``, and otherwise the one with the fewest ids.
        """
        found = []
        for verb, (own_method, template) in self.verbs.items():
            pattern = "([^/]+)".join(map(re.escape, template.split("{}")))
            if own_method == method and (match := re.fullmatch(pattern, path.partition("?")[0])):
                found.append((verb, match.groups()))
        return min(found, key=lambda each: (each[0] not in wanted, len(each[1])), default=None)

    def request(self, verb: str, ids: Sequence[str]) -> tuple[str, str]:
        """Method and path of a verb's request about what has these ids."""
        method, template = self.verbs[verb]
        return method, template.replace("{}", "%s") % tuple(ids[: template.count("{}")])

    def place(self, thing: str, part: str) -> str:
        """Where a part of a thing stands."""
        return self.places[thing][part]


def _parted(place: str) -> tuple[str, str]:
    method, _, path = place.partition(" ")
    return method, path


_JSON_TEXT = "{}"


def part_of(body: Any, place: str) -> Any:
    """What stands at a place; None where nothing does."""
    for name in place.split(".") if place else ():
        body = _within(body, name)
    return body


def _within(body: Any, name: str) -> Any:
    if name == _JSON_TEXT:
        return held_by(body)
    if isinstance(body, list):
        return body[int(name)] if body else None
    return body.get(name) if isinstance(body, dict) else None


def put(body: Any, place: str, value: Any) -> None:
    """Have something else stand at a place; what leads there is made."""
    _with(body, place.split("."), value)


def _with(body: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    name, *rest = path
    if name == _JSON_TEXT:
        return json.dumps(_with(held_by(body), rest, value), ensure_ascii=False)
    if isinstance(body, list):
        body[int(name)] = _with(body[int(name)], rest, value)
        return body
    changed = body if isinstance(body, dict) else {}
    changed[name] = _with(changed.get(name), rest, value)
    return changed


def held_by(text: Any) -> Any:
    """The object or list that a text holds which is JSON itself; None where it is none."""
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
