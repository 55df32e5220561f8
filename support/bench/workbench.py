"""What all benchmarks share: how much is measured, where, on which stack, and the turns of suite and reference."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.bench.measurement import BenchmarkFailed
from support.bench.series import Series
from support.settings import CHECKOUT
from support.stack.client import Stack, StackError, StackOptions

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `..._rounds`: how often the suite and the reference take their turns."""

    start_rounds: int = 5
    restart_rounds: int = 7
    capture_rounds: int = 9
    messages: int = 30_000
    scenario_rounds: int = 5
    scenarios: int = 200
    customers: int = 20
    runs: int = 100
    mixture_rounds: int = 5
    pages: int = 100
    together_rounds: int = 7
    stage: str = "nightly"
    """What `lanes` plays."""


QUICK = Size(
    start_rounds=2,
    restart_rounds=3,
    capture_rounds=3,
    messages=20_000,
    scenario_rounds=2,
    scenarios=60,
    customers=5,
    runs=20,
    pages=20,
    together_rounds=3,
    mixture_rounds=2,
    stage="smoke",
)


class Workbench:
    """A folder, emptied at first, and a stack for the benchmarks that need one. A context manager: the stack ends."""

    def __init__(self, folder: Path, size: Size, progress: Progress) -> None:
        self.folder = folder
        self.size = size
        self.progress = progress
        self._stack: Stack | None = None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    @property
    def stack(self) -> Stack:
        """The stack that the benchmarks share, started when first asked for; BenchmarkFailed when it cannot be."""
        if self._stack is None:
            self.progress("starting a stack")
            self._stack = self.start_stack("stack")
        return self._stack

    def start_stack(self, name: str) -> Stack:
        """A stack of one's own, to be closed by the caller; its logs lie in a folder of that name."""
        options = StackOptions(checkout=CHECKOUT, log_dir=self.folder / name / "logs")
        try:
            return Stack.start(options, self.progress)
        except StackError as error:
            raise BenchmarkFailed(str(error)) from None

    def in_turn(
        self, rounds: int, suite: Callable[[], float], bare: Callable[[], float], what: str
    ) -> tuple[Series, Series]:
        """Take the figures of both sides in turn; who begins alternates, so that neither gains by its place."""
        sides = {"suite": suite, "bare": bare}
        figures: dict[str, list[float]] = {name: [] for name in sides}
        for number in range(rounds):
            for name in sorted(sides, reverse=bool(number % 2)):
                self.progress(f"{what}: round {number + 1} of {rounds}, {name}")
                figures[name].append(sides[name]())
        return Series(tuple(figures["suite"])), Series(tuple(figures["bare"]))

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(self, *_: object) -> None:
        if self._stack is not None:
            self._stack.close()
