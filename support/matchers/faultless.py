"""The two generic matchers: nothing is wrong with what was observed, and it is just what was expected.

A mismatch names what is wrong and where, not two dumps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

T = TypeVar("T")

_SHOWN = 6
_LONGEST = 200


class _Faultless(BaseMatcher[Any]):
    def __init__(
        self, expected: str, faults_of: Callable[[Any], Sequence[str]], shown: Callable[[Any], str] | None
    ) -> None:
        self._expected = expected
        self._faults_of = faults_of
        self._shown = shown

    def _matches(self, item: Any) -> bool:
        return not self._faults_of(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(self._expected)

    def describe_mismatch(self, item: Any, mismatch_description: Description) -> None:
        faults = self._faults_of(item)
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        seen = f" -- observed: {self._shown(item)}" if self._shown else ""
        mismatch_description.append_text("; ".join(faults[:_SHOWN]) + more + seen)


def faultless(
    expected: str, faults_of: Callable[[T], Sequence[str]], shown: Callable[[T], str] | None = None
) -> BaseMatcher[T]:
    """Something with which nothing is wrong.

    :param expected: what is expected, for the report: "every response is a refusal".
    :param faults_of: what is wrong with the observed, a line each; empty when nothing is. It must name at least one
        fault where there is nothing to judge.
    :param shown: the observed in brief, for the report.
    """
    return _Faultless(expected, faults_of, shown)


def is_just(expected: T, what: str = "") -> BaseMatcher[T]:
    """Equal to `expected`, nested as it may be; a mismatch names the places that differ.

    :param what: what it is, for the report; without it the expected value is shown.
    """
    return _Faultless(what or short(expected), lambda observed: list(differences(expected, observed)), None)


def differences(expected: Any, observed: Any, place: str = "") -> Iterator[str]:
    """Where an observed value differs from the expected one, a line each: ``.items[2].status: 1, expected 2``."""
    if isinstance(expected, Mapping) and isinstance(observed, Mapping):
        for key in expected.keys() | observed.keys():
            yield from _of_entry(expected, observed, key, f"{place}.{key}")
    elif _is_list(expected) and _is_list(observed):
        for index in range(max(len(expected), len(observed))):
            yield from _of_item(expected, observed, index, f"{place}[{index}]")
    elif expected != observed or (type(expected) is not type(observed) and bool in (type(expected), type(observed))):
        yield f"{place + ': ' if place else ''}{short(observed)}, expected {short(expected)}"


def _of_entry(expected: Mapping[Any, Any], observed: Mapping[Any, Any], key: Any, place: str) -> Iterator[str]:
    if key not in observed:
        yield f"{place}: missing, expected {short(expected[key])}"
    elif key not in expected:
        yield f"{place}: {short(observed[key])}, which is not expected"
    else:
        yield from differences(expected[key], observed[key], place)


def _of_item(expected: Sequence[Any], observed: Sequence[Any], index: int, place: str) -> Iterator[str]:
    if index >= len(observed):
        yield f"{place}: missing, expected {short(expected[index])}"
    elif index >= len(expected):
        yield f"{place}: {short(observed[index])}, which is not expected"
    else:
        yield from differences(expected[index], observed[index], place)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def short(value: Any) -> str:
    """A value as a report shows it: its beginning and its end, when it is long."""
    text = repr(value)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]} ({len(text)} characters)"
