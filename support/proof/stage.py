"""Where defects are planted: every scenario at small size, and lanes that play them."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.run import capacity
from support.run.lanes import Lanes, Source
from support.run.loading import load
from support.run.plan import Planned
from support.settings import Settings

SETTINGS = ("-Dprofile=small", "-Dseed=118")
"""How scenarios are played for a proof: small, and the same every day, whatever they draw."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The scenarios as they are planned, and what plays them."""

    planned: Sequence[Planned]
    _runner: Any
    _settings: Settings

    @classmethod
    def prepare(cls, folder: Path) -> "Stage":
        """Load everything; what is written goes into the folder, which is emptied."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        runner = load([f"-Dreports={folder}", *SETTINGS])
        settings = Settings.from_userdata(runner.config.userdata)
        settings.log_directory.mkdir(parents=True)
        return cls(runner.plan(settings), runner, settings)

    def work(self, source: Source, things: int, jobs: int | None, say: Callable[[str], None]) -> bool:
        """Have the source's work done, in as many lanes as `jobs` says or so many things are worth; False: broken off.

        :raises Refusal: no lane can be started.
        """
        count = jobs or min(capacity.most_lanes(), things)
        scenarios = {one.index: one.scenario for one in self.planned}
        lanes = Lanes(
            count,
            max(1, capacity.processors() // 2),
            lambda number, line: self._runner.inside(self._settings, scenarios, count, number, line),
        )
        lanes.work(source)
        for note in lanes.notes:
            say(note)
        return lanes.interrupted_by is None
