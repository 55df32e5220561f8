"""Every action registers how it is undone; at the end of a scenario all of it is undone, in reverse."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Something that could not be undone."""

    description: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.description}: {type(self.error).__name__}: {self.error}"


class NotUndone(Exception):
    """A scenario left something behind, so later scenarios cannot be trusted."""

    def __init__(self, left_over: list[LeftOver]) -> None:
        self.left_over = left_over
        super().__init__("left behind: " + "; ".join(str(item) for item in left_over))


@dataclass(slots=True)
class UndoStack:
    """What is to be undone, latest first."""

    _entries: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def register(self, description: str, undo: Callable[[], object]) -> None:
        """Have ``undo`` called at the end. ``description`` says what is undone ("thaw worker-1")."""
        self._entries.append((description, undo))

    def __len__(self) -> int:
        return len(self._entries)

    def run_all(self) -> list[LeftOver]:
        """Undo everything, latest first. One that fails does not keep the others from being undone."""
        left_over: list[LeftOver] = []
        while self._entries:
            description, undo = self._entries.pop()
            try:
                undo()
            except Exception as error:  # collected: the others must be undone all the same
                left_over.append(LeftOver(description, error))
        return left_over
