"""Mutants: small automatic changes of the platform's code, and whether the scenarios that run through it notice."""

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.proof import covering, mutated
from support.proof.catalogue import SERVICES
from support.proof.drawing import Mutant, draw
from support.proof.first_sight import FirstSight, Sighting
from support.proof.sources import Sources
from support.proof.stage import Stage
from support.refusal import Refusal
from support.run.lanes import LaneDied, Task
from support.run.orders import LoadDefect, Play, RecordAs, Refused
from support.run.plan import Planned
from support.settings import CHECKOUT

GOAL = 0.95
"""The share of mutants, without equivalent ones, that is to be noticed."""


MOST_SCENARIOS = 60
"""That many of the scenarios that run through a mutant's line are played at most; hundreds run through some."""


class Recording:
    """Has every scenario played once, to record what it runs through; a source of lanes, each with its own folder."""

    def __init__(self, planned: Sequence[Planned], folder: Path, say: Callable[[str], None]) -> None:
        self._left, self._count = deque(planned), len(planned)
        self._folder, self._say = folder, say
        self._recording: set[int] = set()
        self.folders: list[Path] = []

    def take(self, lane: int, alone: bool) -> Task | None:
        """The next scenario."""
        return self._record(lane, self._left.popleft()) if self._left else None

    def waiting(self) -> int:
        """Scenarios that wait for a lane."""
        return len(self._left)

    def _record(self, lane: int, one: Planned) -> Task:
        folder = self._folder / f"lane-{lane}"
        try:
            if lane not in self._recording:
                folder.mkdir(parents=True)
                (folder / "scenario").write_text(covering.NOBODY, "utf-8")
                for service in SERVICES:
                    _heeded((yield LoadDefect(service, f"{service}:{folder}", covering.CATALOGUE)))
                self._recording.add(lane)
                self.folders.append(folder)
            _heeded((yield RecordAs(folder, one.name)))
            yield Play(one.index, folder / "played")
            _heeded((yield RecordAs(folder, covering.NOBODY)))
        except LaneDied as died:
            self._say(f"nothing was recorded of {one.name}: {died}")
        if len(self._left) % 20 == 0:
            self._say(f"recorded what {self._count - len(self._left)} of {self._count} scenarios run through")


def _heeded(answer: object) -> None:
    """:raises LaneDied: the order was not carried out."""
    if isinstance(answer, Refused):
        raise LaneDied(answer.reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants; ``complete``: all that were asked for were tried."""

    killed: Sequence[tuple[Mutant, Sighting]]
    survived: Sequence[tuple[Mutant, Sighting]]
    complete: bool

    @property
    def share(self) -> float:
        """The share that was noticed."""
        return len(self.killed) / (len(self.killed) + len(self.survived) or 1)


def mutate(
    seed: int,
    count: int,
    only: Collection[str] | None,
    reports: Path,
    say: Callable[[str], None],
    jobs: int | None,
) -> Outcome:
    """Plant so many mutants and see who notices; written to ``mutants.json`` as well.

    :param only: of these files alone; None: of all.
    :raises Refusal: no lane can be started, or nothing that scenarios run through can be changed.
    """
    folder = reports / "mutants"
    stage = Stage.prepare(folder)
    covered = _covered(stage, reports / "covered.json", folder, jobs, say)
    mutants = {mutant.id: mutant for mutant in draw(covered, seed, count, folder, only)}
    if not mutants:
        raise Refusal("no scenario runs through anything that could be changed there")
    say(f"{len(mutants)} mutants, --seed {seed}")
    killers: Counter[str] = Counter()
    found: list[tuple[Mutant, Sighting]] = []

    def through(mutant: Mutant, planned: Sequence[Planned], timing: bool) -> list[Planned]:
        by_all = covering.NOBODY in mutant.scenarios
        chosen = [one for one in planned if (by_all or one.name in mutant.scenarios) and one.timing is timing]
        # Who has noticed much will notice this, too.
        return sorted(chosen, key=lambda one: (-killers[one.scenario.name], one.seconds))[:MOST_SCENARIOS]

    def seen(sighting: Sighting) -> None:
        killers[str(sighting.scenario)] += sighting.is_seen
        found.append((mutants[sighting.id], sighting))
        those = mutants[sighting.id].scenarios
        scenarios = len(stage.planned if covering.NOBODY in those else those)
        tried = f"the likeliest {MOST_SCENARIOS} of {scenarios} scenarios" if scenarios > MOST_SCENARIOS else "all"
        by = f"killed by {sighting.scenario}" if is_killed(sighting) else f"SURVIVED {tried} {sighting.note}"
        say(f"{sighting.seconds:5.1f} s  {sighting.summary}\n    {by}  ({len(found)} of {len(mutants)})")
        _write(reports / "mutants.json", seed, found)

    source = FirstSight(stage.planned, mutants.values(), folder, seen, through, mutated.CATALOGUE)
    whole = stage.work(source, len(mutants), jobs, say)
    killed = [one for one in found if is_killed(one[1])]
    return Outcome(killed, [one for one in found if one not in killed], whole and len(found) == len(mutants))


def is_killed(sighting: Sighting) -> bool:
    """Whether somebody has noticed, be it that the service does not even start."""
    return sighting.is_seen or "does not start" in sighting.note


def closing(outcome: Outcome) -> list[str]:
    """The last lines: who survived, and the share that did not."""
    survivors = [f"survived: {mutant.summary}" for mutant, _ in outcome.survived]
    tried = len(outcome.killed) + len(outcome.survived)
    judged = "judge each survivor: a new check, or, where nothing can be noticed, a line in defects/equivalent.toml"
    return [
        *survivors,
        *([judged] if survivors else []),
        f"killed: {len(outcome.killed)} of {tried} ({outcome.share:.0%}); the goal is {GOAL:.0%}",
    ]


def _covered(stage: Stage, file: Path, folder: Path, jobs: int | None, say: Callable[[str], None]) -> covering.Covered:
    sources = Sources(CHECKOUT).of_everything()
    known = covering.kept(file, sources)
    if known is not None:
        return known
    began = time.monotonic()
    recording = Recording(stage.planned, folder / "recorded", say)
    if not stage.work(recording, len(stage.planned), jobs, say):
        raise KeyboardInterrupt
    covered = covering.read(recording.folders)
    covering.keep(file, sources, covered)
    say(f"recorded in {time.monotonic() - began:.0f} s; kept in {file} until the platform or the scenarios change")
    return covered


def _write(file: Path, seed: int, found: Sequence[tuple[Mutant, Sighting]]) -> None:
    written = [
        {
            "file": mutant.change.file,
            "line": mutant.change.line,
            "before": mutant.change.before,
            "after": mutant.change.after,
            "service": mutant.service,
            "killed": is_killed(sighting),
            "scenario": sighting.scenario,
            "step": sighting.step,
            "note": sighting.note,
            "scenarios": len(mutant.scenarios),
            "seconds": round(sighting.seconds, 1),
        }
        for mutant, sighting in found
    ]
    file.write_text(json.dumps({"seed": seed, "mutants": written}, indent=1, ensure_ascii=False) + "\n", "utf-8")
