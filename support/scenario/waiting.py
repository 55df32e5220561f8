"""Waiting for a fact, or watching that one holds. The only module of the suite that lets time pass."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.scenario import pulse
from support.scenario.verdict import DeadlinePassed, NotShown

T = TypeVar("T")

_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05
_KEPT = 5
_SHOWN = 400

_never = threading.Event()


class Deadline:
    """It has passed once the observer has been at work for ``seconds`` since its making.

    A moment in which the observer did not run is not counted: it could not have seen anything.
    """

    __slots__ = ("_pulse", "seconds", "started_at")

    def __init__(self, seconds: float) -> None:
        self._pulse = pulse.of_this_process()
        self.seconds = seconds
        self.started_at = time.monotonic()

    @property
    def passed(self) -> bool:
        return self.left == 0.0

    @property
    def left(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.seconds - (self.used - self.lost))

    @property
    def lost(self) -> float:
        """Seconds since the deadline was set in which the observer did not run."""
        return self._pulse.lost(self.started_at)

    @property
    def was_suspended(self) -> bool:
        """Whether the observer stood still for so long that it cannot say what happened."""
        return self._pulse.suspended(self.started_at) > 0

    @property
    def used(self) -> float:
        """Seconds since the deadline was set."""
        return time.monotonic() - self.started_at


@dataclass(frozen=True, slots=True)
class Waited:
    """What waiting came to: the last value seen and the seconds until it was seen."""

    value: Any
    seconds: float


class _Satisfies(BaseMatcher[Any]):
    """A predicate as a matcher, so that there is one way to judge an observation."""

    def __init__(self, predicate: Callable[[Any], bool]) -> None:
        self.predicate = predicate

    def _matches(self, item: Any) -> bool:
        return bool(self.predicate(item))

    def describe_to(self, description: Any) -> None:
        name = getattr(self.predicate, "__name__", "")
        # A condition without a name is said by what is awaited.
        description.append_text(f"{name} to hold" if name.isidentifier() else "what was awaited")


def as_matcher(expected: "Matcher[T] | Callable[[T], bool]") -> Matcher[T]:
    """The matcher itself, or a predicate made into one."""
    return expected if isinstance(expected, Matcher) else _Satisfies(expected)


def pause(seconds: float) -> None:
    """Let time pass between two looks."""
    _never.wait(seconds)


def wait_for(
    observe: Callable[[], T], expected: "Matcher[T] | Callable[[T], bool]", within: float, what: str = ""
) -> Waited:
    """Look again and again, every few milliseconds with back-off, until an observation is as expected.

    :param within: seconds. A look that began in time counts; there is always at least one.
    :param what: what is awaited, for the message.
    :raises DeadlinePassed: the time is over; the message holds the last observations.
    :raises NotShown: the time is over, and so much of it the observer did not run that it cannot tell.

    An exception of ``observe`` is not waited out: the observer does not work, so nothing is shown.
    """
    matcher = as_matcher(expected)
    deadline = Deadline(within)
    seen: deque[tuple[float, Any]] = deque(maxlen=_KEPT)
    looks = 0
    step = _FIRST_PAUSE
    while True:
        is_late = looks > 0 and deadline.used >= within
        if is_late and deadline.was_suspended:
            raise NotShown(f"{what or 'what was awaited'} was not seen within {within:g} s: {_blind(deadline)}")
        if is_late and deadline.passed:
            raise DeadlinePassed(_too_late(matcher, deadline, seen, looks, what))
        value = observe()
        looks += 1
        if matcher.matches(value):
            if is_late:
                raise NotShown(f"{what or 'what was awaited'} came after {deadline.used:.3f} s: {_blind(deadline)}")
            return Waited(value, deadline.used)
        if not seen or seen[-1][1] != value:
            seen.append((deadline.used, value))
        pause(min(step, deadline.left))
        step = min(step * 1.5, _LONGEST_PAUSE)


def eventually(
    observe: Callable[[], T], expected: "Matcher[T] | Callable[[T], bool]", within: float, what: str = ""
) -> T:
    """The first observation that is as expected; see :func:`wait_for`."""
    value: T = wait_for(observe, expected, within, what).value
    return value


def holds_while(
    observe: Callable[[], T],
    expected: "Matcher[T] | Callable[[T], bool]",
    during: "Callable[[], Any] | threading.Thread | float",
    what: str = "",
) -> Any:
    """Watch that every observation is as expected for as long as something lasts.

    :param during: a call (made in a thread of its own), a started thread, or a number of seconds.
    :return: what the call returned.
    :raises AssertionError: an observation was not as expected.
    :raises NotShown: the observer was suspended meanwhile.
    :raises Exception: whatever the call raised, once watching has ended.

    There is one observation before, and one after the end.
    """
    matcher = as_matcher(expected)
    over, outcome = _lasting(during)
    looks = 0
    step = _FIRST_PAUSE
    watched = Deadline(0.0)
    while True:
        ended = over()
        value = observe()
        looks += 1
        if not matcher.matches(value):
            mismatch = StringDescription()
            matcher.describe_mismatch(value, mismatch)
            raise AssertionError(
                f"{what or 'the condition'} did not hold throughout: after {watched.used:.3f} s "
                f"(look {looks}) {_short(str(mismatch))}"
            )
        if ended:
            came = outcome()
            if watched.was_suspended:
                raise NotShown(f"{what or 'the condition'} was not watched throughout: {_blind(watched)}")
            return came
        pause(step)
        step = min(step * 1.5, _LONGEST_PAUSE)


def _lasting(during: "Callable[[], Any] | threading.Thread | float") -> tuple[Callable[[], bool], Callable[[], Any]]:
    if isinstance(during, threading.Thread):
        return (lambda: not during.is_alive()), (lambda: None)
    if isinstance(during, int | float):
        deadline = Deadline(during)
        return (lambda: deadline.passed), (lambda: None)
    results: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(during())
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=work, name="during", daemon=True)
    thread.start()

    def outcome() -> Any:
        if errors:
            raise errors[0]
        return results[0]

    return (lambda: not thread.is_alive()), outcome


def _blind(deadline: Deadline) -> str:
    return f"the observer did not run for {deadline.lost:.3f} s of it (suspended, or the machine is overloaded)"


def _too_late(
    matcher: Matcher[Any], deadline: Deadline, seen: "deque[tuple[float, Any]]", looks: int, what: str
) -> str:
    expected = StringDescription().append_description_of(matcher)
    mismatch = StringDescription()
    matcher.describe_mismatch(seen[-1][1], mismatch)
    lines = [
        f"{what or 'what was awaited'} did not come within {deadline.seconds:g} s ({looks} looks)",
        f"  expected: {_short(str(expected))}",
        f"  at last:  {_short(str(mismatch))}",
        "  last observations:",
    ]
    lines += [f"    after {at:.3f} s: {_short(repr(value))}" for at, value in seen]
    return "\n".join(lines)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ... ({len(text)} characters)"
