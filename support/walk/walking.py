"""Drawing walks, taking them, and finding the shortest one that still fails.

A step names its move and has a seed of its own for the move's choices. So a walk without some of its steps is a walk,
too: where a move is not possible any more, it is left out.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from support.scenario.waiting import Deadline

G = TypeVar("G")


@dataclass(frozen=True, slots=True)
class Step:
    """One move to be made; ``seed`` decides who makes it and with what."""

    move: str
    seed: int


@dataclass(frozen=True, slots=True)
class Move(Generic[G]):
    """Something that customers do. ``weight``: how often, compared with others.

    ``make`` makes it with the choices drawn and tells it in a sentence; None: it is not possible now.

    :raises Stumble: the platform did something else than it must.
    """

    weight: int
    make: Callable[[G, random.Random], str | None]


class Stumble(AssertionError):
    """A move did not bring what it must. ``sentence`` tells the move."""

    def __init__(self, sentence: str, faults: Sequence[str]) -> None:
        super().__init__(f"{sentence}: {'; '.join(faults)}")
        self.sentence, self.faults = sentence, tuple(faults)


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a walk failed: the number of its step (None: at its end), what was done, and what was wrong."""

    at: int | None
    sentence: str
    faults: tuple[str, ...]

    def is_like(self, other: "Failure | None") -> bool:
        """Whether another walk failed in the same way: in the same kind of move, or by the same oracle at the end."""
        return other is not None and self.kind == other.kind

    @property
    def kind(self) -> str:
        """What failures have in common that differ in names and numbers only."""
        first = self.faults[0] if self.faults else ""
        return " ".join([str(self.at is None), *re.findall(r"[A-Za-z]{2,}", first)[:5]])


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk that was taken: its steps, what was done in each that was possible, and how it failed, if it did."""

    steps: Sequence[Step]
    told: Sequence[tuple[int, str]]
    failure: Failure | None = None
    seconds: float = 0.0


def draw(seed: int, count: int, moves: Mapping[str, Move[G]]) -> list[Step]:
    """A walk of so many steps; the same seed draws the same walk."""
    drawing = random.Random(seed)
    names, weights = list(moves), [move.weight for move in moves.values()]
    return [Step(drawing.choices(names, weights)[0], drawing.randrange(2**32)) for _ in range(count)]


def shortest(failed: Walk, again: Callable[[Sequence[Step]], Walk], seconds: float) -> Walk:
    """The shortest walk found in so many seconds that fails in the same way.

    Steps behind the failure go first; then ever smaller parts are left out, as long as the walk still fails.

    :param again: takes a walk, on a platform that knows nothing of those before.
    """
    deadline = Deadline(seconds)
    best = failed
    assert failed.failure is not None
    steps = list(failed.steps if failed.failure.at is None else failed.steps[: failed.failure.at + 1])
    size = max(1, len(steps) // 2)
    while size and not deadline.passed:
        start, before = 0, len(steps)
        while start < len(steps) and not deadline.passed:
            fewer = [*steps[:start], *steps[start + size :]]
            tried = again(fewer)
            if tried.failure is not None and failed.failure.is_like(tried.failure):
                best = tried
                steps = fewer if tried.failure.at is None else fewer[: tried.failure.at + 1]
            else:
                start += size
        # What could not be left out may be now, without what depended on it.
        size = size if size == 1 and len(steps) < before else size // 2
    return best
