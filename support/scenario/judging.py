"""What every step does with what it sees: hold it against what is expected, wait for it, leave it for a later step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hamcrest.core.matcher import Matcher
from hamcrest.core.string_description import StringDescription

from support.scenario import pulse, waiting
from support.scenario.budgets import Budgets, verdict_of_use
from support.scenario.evidence import Evidence
from support.scenario.verdict import DeadlinePassed, NotShown, Verdict

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Judging:
    """Judges what is observed, with evidence of each judgement, and keeps values between sentences by their types."""

    evidence: Evidence
    budgets: Budgets = field(default_factory=Budgets)
    broken_stories: str = ""
    held_up: str = ""
    _kept: dict[type, Any] = field(default_factory=dict, repr=False)

    def expect(self, observed: T, matcher: Matcher[T], reason: str = "") -> T:
        """Hold what was observed against a matcher, and keep both as evidence.

        :raises AssertionError: it does not match: the promise is violated.
        :raises Exception: the matcher could not judge: nothing is shown.
        """
        expected = str(StringDescription().append_description_of(matcher))
        try:
            matches = matcher.matches(observed)
        except Exception as error:
            self.evidence.observed(expected, observed, Verdict.INCONCLUSIVE, f"{type(error).__name__}: {error}")
            raise
        self.evidence.observed(expected, observed, Verdict.PROVEN if matches else Verdict.VIOLATED, reason)
        if not matches:
            mismatch = StringDescription()
            matcher.describe_mismatch(observed, mismatch)
            raise AssertionError(f"{reason + ': ' if reason else ''}expected {expected}, but {mismatch}")
        return observed

    def eventually(
        self, observe: Callable[[], T], expected: "Matcher[T] | Callable[[T], bool]", within: str, what: str = ""
    ) -> T:
        """Wait for an observation within a named budget, and record how much of it was used.

        :raises DeadlinePassed: it did not come: the promise is violated.
        :raises NotShown: the observer itself did not run for too much of the time.
        """
        budget = self.budgets[within]
        matcher = waiting.as_matcher(expected)
        try:
            waited = waiting.wait_for(observe, matcher, budget.limit, what)
        except NotShown as blind:
            self.evidence.observed(what or str(matcher), str(blind), Verdict.INCONCLUSIVE, f"within {within!r}")
            raise
        except AssertionError as late:
            self.budgets.record(within, budget.limit)
            self.evidence.observed(what or str(matcher), str(late), Verdict.VIOLATED, f"within {within!r}")
            raise
        self.budgets.record(within, waited.seconds)
        self.evidence.observed(what or str(matcher), waited.value, Verdict.PROVEN, f"within {within!r}")
        value: T = waited.value
        return value

    def try_to_see(self, seen: Callable[[], bool], within: str, what: str) -> None:
        """Wait for something that a Then will judge; going on without it when it does not come."""
        try:
            self.eventually(seen, bool, within, what)
        except DeadlinePassed as missing:
            self.evidence.note("did not come", awaited=what, reason=str(missing))

    def holds_while(
        self,
        observe: Callable[[], T],
        expected: "Matcher[T] | Callable[[T], bool]",
        during: "Callable[[], Any] | float",
        what: str = "",
    ) -> Any:
        """Watch that something holds throughout; see :func:`support.scenario.waiting.holds_while`."""
        result = waiting.holds_while(observe, expected, during, what)
        self.evidence.observed(f"throughout: {what or waiting.as_matcher(expected)}", result, Verdict.PROVEN)
        return result

    def within(self, budget: str, used: float, what: str = "") -> None:
        """Hold a measured amount (seconds or bytes) against a named budget.

        :raises AssertionError: it is over the budget.
        :raises NotShown: it is, and the observer itself did not run for so long that this may be why.
        """
        use = self.budgets.record(budget, used)
        lost = 0.0
        if use.share > 1 and use.unit == "seconds":
            lost = pulse.of_this_process().most_lost(used, self.evidence.started_at)
        verdict = verdict_of_use(use, lost)
        self.evidence.observed(f"{what or budget} at most {use.limit:g} {use.unit}", used, verdict)
        said = f"{what or budget}: {used:.3f} {use.unit} used of {use.limit:g} ({use.share:.0%})"
        if verdict is Verdict.INCONCLUSIVE:
            raise NotShown(f"{said}, and the observer did not run for {lost:.3f} s of the time")
        if verdict is Verdict.VIOLATED:
            raise AssertionError(said)

    def breaks_stories(self, reason: str) -> None:
        """Declare that this scenario itself breaks the story of a run, so that the oracle leaves its runs alone."""
        self.broken_stories = reason
        self.evidence.note("breaks stories", reason=reason)

    def holds_up(self, reason: str) -> None:
        """Declare that this scenario itself holds up an event or a run's end, so that nothing in it counts as late."""
        self.held_up = reason
        self.evidence.note("holds up", reason=reason)

    def keep(self, value: T) -> T:
        """Leave a value for later sentences, in the place of an earlier one of its type."""
        self._kept[type(value)] = value
        return value

    def kept(self, kind: type[T]) -> T:
        """The value of a type that an earlier sentence left.

        :raises NotShown: none has.
        """
        if kind not in self._kept:
            raise NotShown(f"no earlier step has left a {kind.__name__}")
        value: T = self._kept[kind]
        return value

    def has_kept(self, kind: type[Any]) -> bool:
        """Whether an earlier sentence has left a value of a type."""
        return kind in self._kept

    def kept_or(self, kind: type[T], make: Callable[[], T]) -> T:
        """The value of a type that an earlier sentence left, or a new one, which is kept."""
        return self.kept(kind) if self.has_kept(kind) else self.keep(make())
