"""What a run says of one scenario, the same for terminal, results, evidence, page, JUnit and proof."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from support.platform.capabilities import Capability
from support.platform.deviations import Deviations
from support.reported import reported
from support.run.state import State
from support.scenario.verdict import NOT_RUN, Verdict

Json = Mapping[str, Any]


def _report(record: Any) -> None:
    """Whatever is made of a record can hold its texts and shows no secret, whoever made the record of what."""
    for field in fields(record):
        object.__setattr__(record, field.name, reported(getattr(record, field.name)))


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step, or one check after the steps: its text without the keyword.

    ``status``: passed, failed (it violates the promise), error (nothing is shown), undefined, pending, skipped or
    untested.

    ``table``: its rows, the headings first. ``error``: what went wrong, without secrets; "" when nothing did.
    """

    keyword: str
    name: str
    step_type: str
    status: str
    duration_seconds: float = 0.0
    location: str = ""
    error: str = ""
    table: Sequence[Sequence[str]] = ()
    text: str = ""

    def __post_init__(self) -> None:
        _report(self)

    @property
    def is_red(self) -> bool:
        """Whether this is where the scenario went wrong."""
        return self.status not in ("passed", "skipped", "untested")


@dataclass(frozen=True, slots=True)
class ScenarioRecord:
    """One scenario: the verdict on its promise (None: it was skipped), and the status that goes with it.

    ``status`` is one of passed (proven), failed (violated), error (inconclusive), skipped and untested (never begun).

    What is checked after the steps stands among them, as "the leak canary finds nothing". ``name`` tells it from all
    others. ``duration_seconds`` is behave's, ``seconds`` the time that it took in its lane. ``budgets``: of each that
    was used the closest use; ``observations``: the last ones of a red scenario; ``evidence``: where the rest lies,
    below the reports, "" where nothing was kept; ``started_at``: ISO 8601, "" where it was not played to its end.
    ``known``: why a violation is no news, "" where it is; ``lacking``: the capabilities without which it was skipped.
    """

    name: str
    feature: str
    file: str
    line: int
    rule: str
    promise: str
    scenario: str
    tags: Sequence[str]
    category: str
    stage: str
    value: Mapping[str, str]
    status: str
    verdict: Verdict | None
    reason: str
    steps: Sequence[StepRecord]
    duration_seconds: float = 0.0
    seconds: float = 0.0
    budgets: Sequence[Json] = ()
    observations: Sequence[Json] = ()
    evidence: str = ""
    started_at: str = ""
    known: str = ""
    lacking: Sequence[str] = ()

    def __post_init__(self) -> None:
        _report(self)

    @property
    def is_red(self) -> bool:
        """Whether it was played, or was to be, and is not proven."""
        return self.status not in ("passed", "skipped")

    def counts_as_red(self, known_may_be: bool) -> bool:
        """Whether it lets the run fail; what is known need not."""
        return self.is_red and not (known_may_be and self.known)

    @property
    def state(self) -> State:
        """What is said of it."""
        if self.status == NOT_RUN:
            return State.NOT_RUN
        match self.verdict:
            case Verdict.PROVEN:
                return State.PROVEN
            case Verdict.VIOLATED:
                return State.KNOWN if self.known else State.VIOLATED
            case Verdict.INCONCLUSIVE:
                return State.INCONCLUSIVE
        return State.LACKING if self.lacking else State.SKIPPED

    @property
    def red_step(self) -> StepRecord | None:
        """The step that went red; None when none did."""
        return next((step for step in self.steps if step.is_red), None)

    @property
    def failed_step(self) -> str:
        """The step that went red, with its keyword; "" when none did."""
        red = self.red_step
        return f"{red.keyword} {red.name}" if red else ""

    def judged_by(self, deviations: Deviations) -> "ScenarioRecord":
        """The same, with why it is no news that the platform breaks the promise."""
        if self.verdict is not Verdict.VIOLATED:
            return self
        return replace(self, known=deviations.reason(self.promise, self.scenario, self.reason))

    def played_with(self, has: Collection[Capability]) -> "ScenarioRecord":
        """The same, with what it needs and the platform has not, where it was skipped."""
        if self.verdict is not None:
            return self
        lacking = [each.name.lower() for each in Capability if each.tag in self.tags and each not in has]
        return replace(self, lacking=lacking)

    def took(self, seconds: float) -> "ScenarioRecord":
        """The same, with the time that it took in its lane."""
        return replace(self, seconds=round(seconds, 4))

    def to_json(self) -> dict[str, Any]:
        """As results.json has it; `from_json` reads it back."""
        verdict = None if self.verdict is None else self.verdict.value
        return asdict(self) | {"verdict": verdict, "state": self.state.said, "failed_step": self.failed_step}

    @classmethod
    def from_json(cls, plain: Json) -> "ScenarioRecord":
        """Read back what `to_json` made; KeyError, TypeError or ValueError when it is no such record."""
        known = {field.name: plain[field.name] for field in fields(cls)}
        verdict = None if plain["verdict"] is None else Verdict(plain["verdict"])
        return cls(**known | {"verdict": verdict, "steps": tuple(StepRecord(**step) for step in plain["steps"])})
