"""Matchers over tool calls: were they at work together, for as long as told, and without showing a secret?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

# Times are told in microseconds, and taken by two clocks.
_ROUNDING = 0.002


@dataclass(frozen=True, slots=True)
class TimedCall:
    """One call of a tool: seconds as ``told`` and as its backend was ``busy``, and when it was asked (Unix seconds)."""

    what: str
    told: float | None
    busy: float | None
    asked_at: float


class Served(Protocol):
    """One request to a partner; times are Unix seconds, None: not answered."""

    @property
    def received_at(self) -> float: ...

    @property
    def answered_at(self) -> float | None: ...


class _AtWorkTogether(BaseMatcher[Sequence[Served]]):
    def __init__(self, count: int) -> None:
        self.count = count

    def _matches(self, item: Sequence[Served]) -> bool:
        if len(item) != self.count or any(call.answered_at is None for call in item):
            return False
        return max(call.received_at for call in item) < min(call.answered_at or 0.0 for call in item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"{self.count} calls, the last of which came before the first was answered")

    def describe_mismatch(self, item: Sequence[Served], mismatch_description: Description) -> None:
        times = [(call.received_at, call.answered_at) for call in item]
        mismatch_description.append_text(f"they came and were answered at {times}")


class _TakeAsLongAsTheirBackend(BaseMatcher[Sequence[TimedCall]]):
    def __init__(self, slack: float) -> None:
        self.slack = slack

    def _faults(self, item: Sequence[TimedCall]) -> list[str]:
        return [
            f"{call.what} was told to take {call.told} s, its backend took {call.busy} s"
            for call in item
            if call.told is None
            or call.busy is None
            or not call.busy - _ROUNDING <= call.told <= call.busy + self.slack
        ]

    def _matches(self, item: Sequence[TimedCall]) -> bool:
        return bool(item) and not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"calls that take as long as their backend, and at most {self.slack:.3f} s longer")

    def describe_mismatch(self, item: Sequence[TimedCall], mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)) or "no call was timed")


class _Hides(BaseMatcher[str]):
    def __init__(self, secrets: Collection[str], shows: Collection[str]) -> None:
        self.secrets, self.shows = secrets, shows

    def _faults(self, item: str) -> list[str]:
        shown = sum(secret in item for secret in self.secrets)
        missing = [text for text in self.shows if text not in item]
        faults = [f"it shows {shown} of them"] if shown else []
        return faults + ([f"it does not show {', '.join(missing)}, so it proves nothing"] if missing else [])

    def _matches(self, item: str) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"{', '.join(self.shows) or 'a text'}, without any of {len(self.secrets)} secrets")

    def describe_mismatch(self, item: str, mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)))


class _Refused(BaseMatcher[Sequence[Any]]):
    """The ends of calls, of which there is one, refused with a code."""

    def __init__(self, code: str) -> None:
        self.code = code

    def _matches(self, item: Sequence[Any]) -> bool:
        ends = [(end.get("outcome"), (end.get("error") or {}).get("code")) for end in item]
        return ends == [("failed", self.code)]

    def describe_to(self, description: Description) -> None:
        description.append_text(f"one call, refused with {self.code}")

    def describe_mismatch(self, item: Sequence[Any], mismatch_description: Description) -> None:
        mismatch_description.append_text(f"there were {[(end.get('outcome'), end.get('error')) for end in item]}")


def were_at_work_together(count: int) -> BaseMatcher[Sequence[Served]]:
    """So many requests, each of which had come before any was answered."""
    return _AtWorkTogether(count)


def take_as_long_as_their_backend(slack: float) -> BaseMatcher[Sequence[TimedCall]]:
    """Calls whose told time is that of their backend, and at most ``slack`` seconds more."""
    return _TakeAsLongAsTheirBackend(slack)


def hides(secrets: Collection[str], shows: Collection[str]) -> BaseMatcher[str]:
    """A text with all that it is to show (the control) and none of the secrets; a mismatch does not repeat them."""
    return _Hides(secrets, shows)


def is_one_call_refused_with(code: str) -> BaseMatcher[Sequence[Any]]:
    """The ends of a run's calls: there is one, and it was refused with that code."""
    return _Refused(code)
