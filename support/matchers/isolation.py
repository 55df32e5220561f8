"""Matchers over anything shown to somebody: is it theirs alone?"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.oracles.canary import markers_in
from support.platform.story import Event, Stream


class Marked(Protocol):
    """Whoever has a marker in their data: a tenant."""

    @property
    def name(self) -> str: ...

    @property
    def marker(self) -> str: ...


def text_of(observed: Any) -> str:
    """Everything that an observed value says, as text: an answer, events, stored rows."""
    if isinstance(observed, str):
        return observed
    if isinstance(observed, Event):
        return observed.raw or json.dumps(asdict(observed), default=str)
    if isinstance(observed, Stream):
        return "\n".join(text_of(event) for event in observed.events)
    if hasattr(observed, "text"):
        return str(observed.text)
    if isinstance(observed, Mapping):
        return json.dumps(observed, default=str, ensure_ascii=False)
    if is_dataclass(observed) and not isinstance(observed, type):
        return json.dumps(asdict(observed), default=str, ensure_ascii=False)
    if isinstance(observed, Iterable):
        return "\n".join(text_of(part) for part in observed)
    return str(observed)


def shows_only_data_of(tenant: Marked) -> BaseMatcher[Any]:
    """The tenant's own marker is there (the positive control), and no other tenant's."""

    def faults_of(shown: Any) -> list[str]:
        seen = markers_in(text_of(shown))
        if foreign := sorted(seen - {tenant.marker}):
            return [f"it also showed {', '.join(foreign)}"]
        return [] if seen else ["it showed nothing of theirs, so it proves nothing"]

    return faultless(f"data of {tenant.name} ({tenant.marker}) and of nobody else", faults_of)
