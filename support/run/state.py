"""What a run says of a scenario, and of a promise by all its scenarios, in one word."""

from collections.abc import Iterable
from enum import Enum


class State(Enum):
    """The worst first: a promise is in the first of these states that one of its scenarios is in."""

    VIOLATED = "violated", "✗", "it was observed, and it is not as promised"
    INCONCLUSIVE = "inconclusive", "?", "it could not be observed, so nothing is shown"
    NOT_RUN = "not run", "-", "the run ended before it was played"
    KNOWN = "known deviation", "!", "it is not as promised, which is known of this platform"
    PROVEN = "proven", "✓", "it was observed, and it is as promised"
    LACKING = "no capability", "-", "the platform lacks what it needs, so it was not played"
    SKIPPED = "skipped", "-", "it was not played, for the reason that is given"

    def __init__(self, said: str, mark: str, meaning: str) -> None:
        self.said = said
        self.mark = mark
        self.meaning = meaning

    @property
    def is_red(self) -> bool:
        """Whether a reader has something to look at."""
        return self in (State.VIOLATED, State.INCONCLUSIVE)

    @property
    def was_played(self) -> bool:
        """Whether the platform was judged by it."""
        return self in (State.VIOLATED, State.INCONCLUSIVE, State.KNOWN, State.PROVEN)

    @property
    def slug(self) -> str:
        """Its name as a class of the page."""
        return self.said.replace(" ", "-")

    @classmethod
    def said_as(cls, said: str) -> "State":
        """The state of that name.

        :raises ValueError: there is none.
        """
        for state in cls:
            if state.said == said:
                return state
        raise ValueError(f"there is no state {said!r}")


def worst(states: Iterable[State]) -> State:
    """That of several together; of none: skipped."""
    found = set(states)
    return next((state for state in State if state in found), State.SKIPPED)
