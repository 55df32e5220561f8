"""Matchers over anything shown to somebody: is it theirs alone?"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

from support.canary import markers_in
from support.story import Event, Told, events_of


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
    if isinstance(observed, Told):
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


class _Markers(BaseMatcher[Any]):
    def __init__(self, tenant: Marked, own_needed: bool) -> None:
        self.tenant = tenant
        self.own_needed = own_needed

    def _matches(self, item: Any) -> bool:
        seen = markers_in(text_of(item))
        return not seen - {self.tenant.marker} and (self.tenant.marker in seen or not self.own_needed)

    def describe_to(self, description: Description) -> None:
        what = "data of" if self.own_needed else "nothing that is foreign to"
        description.append_text(f"{what} {self.tenant.name} ({self.tenant.marker}) and of nobody else")

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        seen = markers_in(text_of(item))
        foreign = sorted(seen - {self.tenant.marker})
        if foreign:
            mismatch_description.append_text(f"it also showed {', '.join(foreign)}")
        else:
            mismatch_description.append_text("it showed nothing of theirs, so it proves nothing")


class _OnlyEventsOf(BaseMatcher[Any]):
    def __init__(self, user_ids: Collection[str]) -> None:
        self.user_ids = frozenset(user_ids)

    def _matches(self, item: Any) -> bool:
        events = events_of(item)
        return bool(events) and all(event.user_id in self.user_ids for event in events)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"events of {', '.join(sorted(self.user_ids))}, and of nobody else")

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        events = events_of(item)
        foreign = [f"{event.type} of {event.user_id}" for event in events if event.user_id not in self.user_ids]
        mismatch_description.append_text(
            f"there also came {', '.join(foreign[:5])}" if foreign else "no event came, so it proves nothing"
        )


def shows_only_data_of(tenant: Marked) -> BaseMatcher[Any]:
    """The tenant's own marker is there (the positive control), and no other tenant's."""
    return _Markers(tenant, own_needed=True)


def carries_no_foreign_marker(tenant: Marked) -> BaseMatcher[Any]:
    """No other tenant's marker is there; the tenant's own need not be."""
    return _Markers(tenant, own_needed=False)


def has_only_events_of(*user_ids: str) -> BaseMatcher[Any]:
    """Events came, and all of them are these users'."""
    return _OnlyEventsOf(user_ids)
