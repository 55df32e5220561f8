"""What the run of a defect's scenario says about the check: pure judgement over results."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from support.proof.catalogue import Defect
from support.run.record import ScenarioRecord
from support.scenario.verdict import Verdict


class Judgement(Enum):
    """What became of a seeded defect."""

    KILLED = "killed"
    SURVIVED = "survived"
    WRONG_STEP = "wrong step"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome for one defect: the step that went red (None: none did), and what else there is to know."""

    defect: Defect
    judgement: Judgement
    red_step: str | None = None
    note: str = ""
    seconds: float = 0.0

    @property
    def is_killed(self) -> bool:
        """Whether the check has shown that it can fail."""
        return self.judgement is Judgement.KILLED


def is_of(played: str, title: str) -> bool:
    """Whether what was played belongs to the scenario of this title; behave numbers the examples of an outline."""
    return played == title or played.startswith(f"{title} -- @")


def is_step(text: str, written: str) -> bool:
    """Whether a step's text is the one written in a feature, where an outline has <placeholders>."""
    parts = re.split(r"<[^<>]+>", written)
    return re.fullmatch(".+".join(re.escape(part) for part in parts), text) is not None


def is_of_oracle(step: str | None) -> bool:
    """Whether a step is what an oracle says after the steps of a scenario."""
    return step is not None and step.endswith(" finds nothing")


def judge(defect: Defect, results: Sequence[ScenarioRecord]) -> tuple[Judgement, str | None, str]:
    """Judge the results of a run with the defect loaded: judgement, red step, note.

    Of an outline's examples one must be violated at the step; one that goes wrong in another way spoils it, unless an
    oracle saw after its steps what they did not. What is inconclusive after that one does not: a defect that was shown
    may well leave a platform of which nothing more can be shown.
    """
    own = [result for result in results if is_of(result.scenario, defect.scenario)]
    red = [result for result in own if result.is_red]
    if not own:
        return Judgement.INCONCLUSIVE, None, "its scenario did not run"
    if all(result.status == "skipped" for result in own):
        return Judgement.INCONCLUSIVE, None, "its scenario was skipped"
    if not red:
        return Judgement.SURVIVED, None, ""
    violated = [result for result in red if result.verdict is Verdict.VIOLATED]
    at_the_step = next((result for result in violated if _is_at(result, defect)), None)
    decisive = red[: red.index(at_the_step)] if at_the_step else red
    for result in decisive:
        if result.verdict is not Verdict.VIOLATED:
            return Judgement.INCONCLUSIVE, _red_step(result), "nothing was shown either way"
    elsewhere = [result for result in violated if not _is_at(result, defect)]
    if at_the_step is None:
        return Judgement.WRONG_STEP, _red_step(elsewhere[0]), ""
    for result in elsewhere:
        if not is_of_oracle(_red_step(result)):
            return Judgement.WRONG_STEP, _red_step(result), ""
    return Judgement.KILLED, _red_step(at_the_step), ""


def _is_at(result: ScenarioRecord, defect: Defect) -> bool:
    return result.red_step is not None and is_step(result.red_step.name, defect.step)


def _red_step(result: ScenarioRecord) -> str | None:
    return result.red_step.name if result.red_step else None


def unproved(titles: Iterable[str], proofs: Iterable[Proof]) -> list[str]:
    """The scenarios of which no defect was killed; `titles` as they ran, with an outline's numbers."""
    killed = {proof.defect.scenario for proof in proofs if proof.is_killed}
    return sorted({title.partition(" -- @")[0] for title in titles} - killed)
