"""A source of work for lanes: the green control of each scenario, then the scenario with each of its defects loaded."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

from support.proof.catalogue import Defect
from support.proof.verdicts import Judgement, Proof, is_of, judge
from support.run.lanes import LaneDied, Task
from support.run.orders import DRIVER, LoadDefect, Play, Played, Refused
from support.run.plan import Planned, in_turn
from support.run.record import ScenarioRecord
from support.run.recording import record_broken_off


class Proving:
    """Hands out controls and defects; a source of lanes. What judges time is played when nothing else is at work.

    A defect is only tried once its scenario is known to be green on the sound platform.
    """

    def __init__(
        self,
        planned: Iterable[Planned],
        green: Iterable[str],
        defects: Sequence[Defect],
        reports: Path,
        controlled: Callable[[Planned, ScenarioRecord], None],
        proved: Callable[[Proof], None],
    ) -> None:
        """`planned`: the scenarios concerned; `green`: the names of those whose control need not be played again.

        `controlled` and `proved` hear of each as soon as it is known.
        """
        self._reports = reports
        self._controlled, self._proved = controlled, proved
        self._examples: dict[str, list[Planned]] = {}
        everything = in_turn(planned, longest_first=True)
        for defect in defects:
            self._examples[defect.scenario] = [one for one in everything if is_of(one.scenario.name, defect.scenario)]
        known = set(green)
        self._missing = {one.name for one in everything} - known
        controls = [one for one in everything if one.name not in known]
        self._controls = deque(one for one in controls if not one.timing)
        self._timed: deque[Planned | Defect] = deque(one for one in controls if one.timing)
        self._defects: dict[str, deque[Defect]] = defaultdict(deque)
        for defect in defects:
            if any(one.timing for one in self._examples[defect.scenario]):
                self._timed.append(defect)
            else:
                self._defects[defect.service].append(defect)
        self._loaded: dict[int, str] = {}
        # What could spoil answers stands in their way for the controls, too.
        self._between = DRIVER if any(defect.service == DRIVER for defect in defects) else None
        self.red: list[ScenarioRecord] = []
        """Controls that were not green: then a red scenario proves nothing, and nothing more is handed out."""

    def take(self, lane: int, alone: bool) -> Task | None:
        """The next control or defect."""
        if self.red:
            return None
        if self._controls:
            return self._control(lane, self._controls.popleft())
        defect = self._next_defect(lane)
        if defect is not None:
            return self._prove(lane, defect)
        if alone and self._timed:
            one = self._timed.popleft()
            return self._prove(lane, one) if isinstance(one, Defect) else self._control(lane, one)
        return None

    def waiting(self) -> int:
        """Controls and defects that wait for a lane."""
        if self.red:
            return 0
        return len(self._controls) + sum(map(len, self._defects.values())) or int(bool(self._timed))

    def _next_defect(self, lane: int) -> Defect | None:
        """One of the service that the lane has loaded already, else of that of which the most are left."""
        others = Counter(service for number, service in self._loaded.items() if number != lane)
        order = sorted(
            (service for service, left in self._defects.items() if left),
            key=lambda service: (service != self._loaded.get(lane), others[service], -len(self._defects[service])),
        )
        for service in order:
            for defect in self._defects[service]:
                if not any(one.name in self._missing for one in self._examples[defect.scenario]):
                    self._defects[service].remove(defect)
                    return defect
        return None

    def _control(self, lane: int, one: Planned) -> Task:
        try:
            # What judges time is played last: the lane may have a defect from before.
            before = self._loaded.pop(lane, self._between)
            if before is not None:
                _require(before, (yield LoadDefect(before, None)))
            played = yield Play(one.index, self._reports / "control")
        except (_NotLoaded, LaneDied) as died:
            result = record_broken_off(one.scenario, str(died))
        else:
            assert isinstance(played, Played)
            result = played.record
        self._missing.discard(one.name)
        if result.is_red:
            self.red.append(result)
        self._controlled(one, result)

    def _prove(self, lane: int, defect: Defect) -> Task:
        began = time.monotonic()
        try:
            results = yield from self._with_defect(lane, defect)
            judgement, red_step, note = judge(defect, results)
        except (_NotLoaded, LaneDied) as error:
            self._loaded.pop(lane, None)
            judgement, red_step, note = Judgement.INCONCLUSIVE, None, str(error)
        self._proved(Proof(defect, judgement, red_step, note, time.monotonic() - began))

    def _with_defect(self, lane: int, defect: Defect) -> Generator[Any, Any, list[ScenarioRecord]]:
        before = self._loaded.get(lane)
        if before not in (None, defect.service):
            _require(before, (yield LoadDefect(str(before), None)))
        self._loaded[lane] = defect.service
        _require(defect.service, (yield LoadDefect(defect.service, defect.id)))
        results = []
        for one in self._examples[defect.scenario]:
            played = yield Play(one.index, self._reports / defect.id)
            assert isinstance(played, Played)
            results.append(played.record)
        return results


class _NotLoaded(Exception):
    pass


def _require(service: str | None, answer: object) -> None:
    if isinstance(answer, Refused):
        raise _NotLoaded(f"{service} does not start: {answer.reason}")
