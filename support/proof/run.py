"""One proof: what is known already is taken from the store, the rest is played in lanes."""

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.proof import report
from support.proof.catalogue import Defect
from support.proof.proving import Proving
from support.proof.sources import Sources
from support.proof.stage import SETTINGS
from support.proof.store import Store
from support.proof.verdicts import Judgement, Proof, is_of, is_of_oracle, is_step
from support.refusal import Refusal
from support.run import capacity
from support.run.lanes import Lanes
from support.run.loading import load
from support.run.plan import Planned
from support.run.record import ScenarioRecord
from support.settings import CHECKOUT, Settings


class ProofStopped(Exception):
    """The proof cannot go on; the text says why."""


@dataclass
class ProofRun:
    """The proof of some defects: `afresh` names those that must not be taken from the store.

    `resumes`: except for what was proved since the store was told that everything begins afresh.
    """

    defects: Sequence[Defect]
    afresh: frozenset[str]
    reports: Path
    store: Store
    say: Callable[[str], None]
    jobs: int | None = None
    target: str = "apex"
    resumes: bool = False
    proofs: list[Proof] = field(default_factory=list)
    reused: int = 0
    interrupted: bool = False
    control_seconds: dict[str, float] = field(default_factory=dict)
    """Of the scenarios on the sound platform, all examples of an outline together, by their title."""

    def run(self) -> list[Proof]:
        """Prove everything that is not known; gives all proofs in the order of their ids.

        :raises ProofStopped: a scenario is red without any defect, or no lane can be started.
        """
        shutil.rmtree(self.reports, ignore_errors=True)
        self.reports.mkdir(parents=True)
        try:
            self._runner = load([f"-Dreports={self.reports}", *SETTINGS, f"-Dtarget={self.target}"])
            self._settings = Settings.from_userdata(self._runner.config.userdata)
            concerned = self._concerned()
            self._name_digests(concerned)
            open_defects = self._open_defects()
            if open_defects:
                self._play(concerned, open_defects)
        except Refusal as refusal:
            raise ProofStopped(str(refusal)) from None
        return sorted(self.proofs, key=lambda proof: self.defects.index(proof.defect))

    def titles(self) -> list[str]:
        """The titles of all scenarios, as they are played."""
        return [one.scenario.name for one in self._planned]

    # -- what is known ------------------------------------------------------------------------------------------

    def _concerned(self) -> dict[str, list[Planned]]:
        """Of each defect the scenarios that it is to turn red, by its id."""
        self._planned = self._runner.plan(self._settings)
        found = {
            defect.id: [one for one in self._planned if is_of(one.scenario.name, defect.scenario)]
            for defect in self.defects
        }
        if lost := [id for id, scenarios in found.items() if not scenarios]:
            raise ProofStopped(f"no scenario in features/ is the one of {', '.join(lost)}")
        for defect in self.defects:
            steps = [step.name for one in found[defect.id] for step in one.scenario.all_steps]
            if not is_of_oracle(defect.step) and not any(is_step(step, defect.step) for step in steps):
                raise ProofStopped(f"{defect.id}: its scenario has no step {defect.step!r}; it has: {'; '.join(steps)}")
        return found

    def _name_digests(self, concerned: dict[str, list[Planned]]) -> None:
        sources = Sources(CHECKOUT)
        self._digests: dict[str, str] = {}
        for defect in self.defects:
            scenarios = concerned[defect.id]
            modules = {file for one in scenarios for file in self._modules(one.scenario)}
            self._digests[defect.id] = sources.of_defect(defect, [one.scenario for one in scenarios], modules)
            for one in scenarios:
                self._digests[one.name] = sources.of_control(one.scenario, self._modules(one.scenario))

    def _modules(self, scenario: Any) -> list[str]:
        """The files that the steps of a scenario are defined in."""
        matches = (self._runner.step_registry.find_step_definition(step) for step in scenario.all_steps)
        return [str(Path(match.location.filename)) for match in matches if match is not None]

    def _open_defects(self) -> list[Defect]:
        left = []
        for defect in self.defects:
            known = self._known(defect.id, afresh=defect.id in self.afresh)
            if known is None:
                left.append(defect)
            else:
                self.reused += 1
                self.proofs.append(Proof(defect, Judgement.KILLED, known["red_step"], "", known["seconds"]))
        if self.reused:
            self.say(f"{self.reused} of {len(self.defects)} proved before, and nothing that they depend on has changed")
        return left

    def _known(self, name: str, *, afresh: bool) -> Mapping[str, Any] | None:
        if afresh and not self.resumes:
            return None
        return self.store.recall(name, self._digests[name], afresh=afresh)

    # -- what is not --------------------------------------------------------------------------------------------

    def _play(self, concerned: dict[str, list[Planned]], defects: Sequence[Defect]) -> None:
        planned = {one.index: one for defect in defects for one in concerned[defect.id]}
        green = [one.name for one in planned.values() if self._known(one.name, afresh=bool(self.afresh)) is not None]
        self._began, self._done = time.monotonic(), 0
        self._to_do = len(defects) + len(planned) - len(green)
        self.say(f"green control of {len(planned) - len(green)} scenarios, then {len(defects)} defects")
        source = Proving(planned.values(), green, defects, self.reports, self._controlled, self._proved)
        count = self.jobs or min(capacity.most_lanes(), len(defects))
        scenarios = {one.index: one.scenario for one in planned.values()}
        lanes = self._at_work = Lanes(
            count,
            max(1, capacity.processors() // 2),
            lambda number, line: self._runner.inside(self._settings, scenarios, count, number, line),
        )
        self._settings.log_directory.mkdir(parents=True)
        lanes.work(source)
        for note in lanes.notes:
            self.say(note)
        self.interrupted = lanes.interrupted_by is not None
        if source.red and not self.interrupted:
            listed = "".join(f"\n  {result.scenario}" for result in source.red)
            where = self.reports / "control"
            raise ProofStopped(f"red without any defect, so a red one would prove nothing ({where}):{listed}")

    def _controlled(self, one: Planned, result: ScenarioRecord) -> None:
        if self._at_work.interrupted_by is not None:
            return
        self._done += 1
        title = one.scenario.name.partition(" -- @")[0]
        self.control_seconds[title] = self.control_seconds.get(title, 0.0) + result.seconds
        if result.status == "passed":
            self.store.keep(one.name, self._digests[one.name])
        elif result.status != "skipped":
            self.say(f"red without any defect: {result.scenario}: {result.red_step}")

    def _proved(self, proof: Proof) -> None:
        if self._at_work.interrupted_by is not None:
            # What was broken off says nothing; the next call proves it.
            return
        self._done += 1
        self.proofs.append(proof)
        if proof.is_killed:
            self.store.keep(
                proof.defect.id, self._digests[proof.defect.id], red_step=proof.red_step, seconds=proof.seconds
            )
        else:
            self.store.forget(proof.defect.id)
        spent = time.monotonic() - self._began
        left = (self._to_do - self._done) * spent / self._done
        self.say(f"{report.line(proof)}  ({self._done} of {self._to_do}, about {_time(left)} left)")


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
