"""The identities oracle: every event of a run names the user, conversation, request and trace that caused it.

Pure judgement; it also holds frames against the published schema of their type.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from support.platform.dialect import Dialect
from support.platform.story import Event

_ENOUGH = 5
"""So many frames of a type are held against its schema; the others are like them."""


class WrongIdentity(AssertionError):
    """An event names somebody or something else than what caused it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What caused the events of a run, by the names of an event's fields; None: not known."""

    user_id: str | None
    thread_id: str | None
    request_id: str | None
    trace_id: str | None


def wrong_identities(events: Iterable[Event], causes: Mapping[str, Cause]) -> list[str]:
    """Events of known runs that name something else than their cause, a line for each kind of event."""
    found: Counter[str] = Counter()
    for event in events:
        cause = causes.get(event.run_id or "")
        if cause is None:
            continue
        for name in ("user_id", "thread_id", "request_id", "trace_id"):
            expected, shown = getattr(cause, name), getattr(event, name)
            if expected is not None and shown != expected:
                found[f"{event.type} of run {event.run_id} has the {name} {shown}, expected {expected}"] += 1
    return [f"{fault} ({times} times)" if times > 1 else fault for fault, times in found.items()]


_RUN = re.compile(rb'"run_id": ?"([^"]+)"')
_OWNERS = tuple(
    (name, re.compile(rb'"%s": ?"([^"]+)"' % name.encode())) for name in ("user_id", "tenant_id", "trace_id")
)


@dataclass(frozen=True, slots=True)
class AskedOfPartner:
    """A request as the partner received it; what it had none of is empty. ``cookie_trace``: of the request in whose
    response the partner has set the cookie that came with this one.
    """

    path: str
    trace: str
    key: str = ""
    cookie_trace: str = ""


def wrong_requests(requests: Sequence[AskedOfPartner], traces: Mapping[str, Collection[str]]) -> list[str]:
    """Requests to the partner under a trace that none of their tenant's runs has, several under one key, or such as
    bring what the partner has told another tenant.

    :param traces: those of each tenant's runs, by its name, which stands in the paths of what only it asks for.
    """
    wrong = {
        asked.path: asked.trace
        for asked in requests
        for name, own in traces.items()
        if name in asked.path.split("/") and asked.trace not in own
    }
    of_key: dict[str, set[tuple[str, str]]] = {}
    for asked in requests:
        if asked.key:
            of_key.setdefault(asked.key, set()).add((asked.trace, asked.path))
    shared = [key for key, whose in of_key.items() if len(whose) > 1]
    owners = {trace: name for name, own in traces.items() for trace in own}
    cookies = {
        asked.path: owners[asked.cookie_trace]
        for asked in requests
        if asked.trace in owners and owners.get(asked.cookie_trace, owners[asked.trace]) != owners[asked.trace]
    }
    return [
        *(f"the partner was asked for {path} under the trace {trace or 'of nobody'}" for path, trace in wrong.items()),
        *(f"the partner was asked for different things under the idempotency key {key}" for key in shared),
        *(
            f"the partner was asked for {path} with the cookie of another tenant, {name}"
            for path, name in cookies.items()
        ),
    ]


def wrong_log_lines(lines: Iterable[bytes], owners: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Log lines about a known run that name somebody else than its owner, a line each.

    :param owners: of each run its ``user_id``, ``tenant_id`` and ``trace_id``.
    """
    found = []
    for line in lines:
        run = _RUN.search(line)
        owner = owners.get(run[1].decode()) if run else None
        for name, pattern in _OWNERS if owner else ():
            shown = pattern.search(line)
            if owner and shown and shown[1].decode() != owner[name]:
                found.append(f"a log line names the {name} {shown[1].decode()}, not {owner[name]}: {line[:300]!r}")
    return found


Check = Callable[[Any], list[str]]


def unpublished_frames(frames: Sequence[str], checks: Mapping[str, Check], dialect: Dialect) -> list[str]:
    """Frames that are not as published, a line each.

    :param checks: what is wrong with a frame of a type, by the type.
    :param dialect: what says of which type a frame is.
    """
    seen: Counter[str] = Counter()
    found = []
    for frame in frames:
        try:
            kind, value = dialect.published(frame)
        except ValueError:
            found.append(f"no event: {frame[:200]}")
            continue
        seen[kind] += 1
        if kind not in checks:
            found.append(f"the type {kind!r} is not published: {frame[:200]}")
        elif seen[kind] <= _ENOUGH and (faults := checks[kind](value)):
            found.append(f"{kind}: {'; '.join(faults)}: {frame[:200]}")
    return found
