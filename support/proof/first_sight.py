"""Blind defects: planted one by one, to see which scenario notices each of them, if any does.

Those who wrote them did not know the scenarios, so the share that is seen says what the suite sees of defects that
nobody planned for.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from support.proof.catalogue import Defect
from support.proof.stage import Stage
from support.run.lanes import LaneDied, Task
from support.run.orders import LoadDefect, Play, Played, Refused
from support.run.plan import Planned
from support.run.record import ScenarioRecord
from support.scenario.verdict import Verdict
from support.stack.apex import CATALOGUE

GOAL = 0.85
"""The share of blind defects that is to be seen at first sight."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a blind defect: the scenario that it violated and the step; None: nothing was.

    ``note`` says why it is not counted: the scenario was only inconclusive, or red on the sound platform as well.
    """

    id: str
    summary: str
    scenario: str | None = None
    step: str | None = None
    note: str = ""
    seconds: float = 0.0

    @property
    def is_seen(self) -> bool:
        return self.scenario is not None and not self.note


class Planted(Protocol):
    """A defect that is planted into a service, to see who notices."""

    @property
    def id(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def summary(self) -> str: ...


Scenarios = Callable[[Any, Sequence[Planned], bool], list[Planned]]
"""Of the planned scenarios those that may see a defect: the ones that judge time (True), or all others."""


class FirstSight:
    """Hands out blind defects; a source of lanes. A defect's own promise is played first, then its category.

    What judges time is played last, when nothing else is at work, with the defects that nothing else has seen.
    """

    def __init__(
        self,
        planned: Sequence[Planned],
        defects: Iterable[Planted],
        reports: Path,
        seen: Callable[[Sighting], None],
        scenarios: Scenarios | None = None,
        catalogue: str = CATALOGUE,
    ) -> None:
        """`seen` hears of each defect as soon as it is known; `scenarios` chooses those that may see it."""
        self._planned, self._reports, self._seen = planned, reports, seen
        self._scenarios, self._catalogue = scenarios or scenarios_for, catalogue
        self._together = deque(sorted(defects, key=lambda defect: (defect.service, defect.id)))
        self._alone: deque[tuple[Planted, Sighting]] = deque()
        self._loaded: dict[int, str] = {}

    def take(self, lane: int, alone: bool) -> Task | None:
        """The next defect; one of the service that the lane has loaded already, where there is one."""
        if self._together:
            same = next((one for one in self._together if one.service == self._loaded.get(lane)), self._together[0])
            self._together.remove(same)
            return self._plant(lane, same, None)
        if alone and self._alone:
            return self._plant(lane, *self._alone.popleft())
        return None

    def waiting(self) -> int:
        """Defects that wait for a lane."""
        return len(self._together) or int(bool(self._alone))

    def _plant(self, lane: int, defect: Planted, before: Sighting | None) -> Task:
        began, timed = time.monotonic(), before is not None
        chosen = self._scenarios(defect, self._planned, timed)
        try:
            scenario, step, note = yield from self._look(lane, defect, chosen)
        except (_NotLoaded, LaneDied) as error:
            scenario, step, note = None, None, str(error)
        took = time.monotonic() - began + (before.seconds if before else 0.0)
        if not (scenario or note) and before:
            note = before.note
        found = Sighting(defect.id, defect.summary, scenario, step, note, took)
        if not timed and not found.is_seen and self._scenarios(defect, self._planned, True):
            self._alone.append((defect, found))
        else:
            self._seen(found)

    def _look(
        self, lane: int, defect: Planted, chosen: Sequence[Planned]
    ) -> Generator[Any, Any, tuple[str | None, str | None, str]]:
        note, folder = "", Path(defect.id).stem
        yield from self._load(lane, defect.service, defect.id)
        for one in chosen:
            red = yield from self._play(one, folder)
            if red.is_red:
                yield from self._load(lane, defect.service, None)
                sound = yield from self._play(one, f"{folder}-sound")
                step = red.red_step.name if red.red_step else "after the steps"
                if red.verdict is Verdict.VIOLATED and not sound.is_red:
                    return red.scenario, step, ""
                yield from self._load(lane, defect.service, defect.id)
                why = "red on the sound platform, too" if sound.is_red else "inconclusive"
                note = note or f"{why}: {red.scenario}: {step}"
        yield from self._load(lane, defect.service, None)
        return None, None, note

    def _load(self, lane: int, service: str, defect: str | None) -> Generator[Any, Any, None]:
        before = self._loaded.get(lane)
        if before not in (None, service):
            _require(str(before), (yield LoadDefect(str(before), None)))
        self._loaded[lane] = service
        _require(service, (yield LoadDefect(service, defect, self._catalogue)))

    def _play(self, one: Planned, folder: str) -> Generator[Any, Any, ScenarioRecord]:
        played = yield Play(one.index, self._reports / folder)
        assert isinstance(played, Played)
        return played.record


class _NotLoaded(Exception):
    pass


def _require(service: str, answer: object) -> None:
    if isinstance(answer, Refused):
        raise _NotLoaded(f"{service} does not start: {answer.reason}")


def scenarios_for(defect: Planted, planned: Sequence[Planned], timing: bool) -> list[Planned]:
    """The scenarios that may see a defect: those of its promise, then those of its category, the quickest first."""
    promise = defect.id[:6]

    def of_promise(one: Planned) -> bool:
        return promise in one.scenario.effective_tags

    category = {one.scenario.feature.filename.split("/")[-2] for one in planned if of_promise(one)}
    chosen = [one for one in planned if one.scenario.feature.filename.split("/")[-2] in category]
    in_turn = sorted(chosen, key=lambda one: (not of_promise(one), one.seconds))
    return [one for one in in_turn if one.timing is timing]


def plant(defects: Sequence[Defect], reports: Path, say: Callable[[str], None], jobs: int | None) -> list[Sighting]:
    """Plant each of the defects and say what was seen; written to ``first_sight.json`` as well.

    :raises Refusal: no lane can be started.
    """
    folder = reports / "first_sight"
    stage = Stage.prepare(folder)
    sightings: list[Sighting] = []

    def seen(found: Sighting) -> None:
        sightings.append(found)
        where = f"{found.scenario}: {found.step}" if found.is_seen else f"NOT SEEN {found.note}"
        say(f"{found.id}  {found.seconds:5.1f} s  {found.summary}\n    {where}  ({len(sightings)} of {len(defects)})")
        written = [asdict(each) for each in sorted(sightings, key=lambda each: each.id)]
        (reports / "first_sight.json").write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")

    stage.work(FirstSight(stage.planned, defects, folder, seen), len(defects), jobs, say)
    return sightings


def closing(sightings: Sequence[Sighting]) -> list[str]:
    """The last lines: what was not seen, and the share that was, in all and by category."""
    unseen = [f"not seen: {each.id}  {each.summary}" for each in sightings if not each.is_seen]
    lines = []
    for category in sorted({each.id[:3] for each in sightings}):
        own = [each for each in sightings if each.id.startswith(category)]
        lines.append(f"{category}  {_share(own)}")
    return [*unseen, *lines, f"seen at first sight: {_share(sightings)}; the goal is {GOAL:.0%}"]


def _share(sightings: Sequence[Sighting]) -> str:
    seen = sum(each.is_seen for each in sightings)
    return f"{seen} of {len(sightings)} ({seen / len(sightings):.0%})"
