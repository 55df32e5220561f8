"""Playing the scenarios of a plan in lanes, and telling of each as soon as it has ended."""

from collections import deque
from collections.abc import Callable, Sequence

from support.run import replaying
from support.run.lanes import LaneDied, Task
from support.run.orders import Play, Played
from support.run.plan import Planned
from support.run.record import ScenarioRecord
from support.run.recording import record_broken_off

LONG_SECONDS = 8.0
"""What lasts so long keeps processors busy all the while: while there are others, half of the lanes play one."""


class Playing:
    """Hands scenarios out one at a time, those that judge time when nothing else is at work; a source of lanes."""

    def __init__(
        self,
        in_turn: Sequence[Planned],
        tell: Callable[[Planned, ScenarioRecord], None],
        began: Callable[[int, Planned], None],
        *,
        lanes: int,
        stop_at_red: bool,
    ) -> None:
        """`tell` hears of every scenario that has ended, `began` of each that a lane begins."""
        self._together = deque(one for one in in_turn if not one.timing)
        self._alone = deque(one for one in in_turn if one.timing)
        self._tell, self._began = tell, began
        self._most_long = max(1, lanes // 2)
        self._long = 0
        self._stop_at_red = stop_at_red
        self._left: list[Planned] = []
        self.stopped = ""
        """Why what is left is not played, if that was decided here."""

    def take(self, lane: int, alone: bool) -> Task | None:
        """The next scenario."""
        if self._together:
            one = self._together[0]
            if self._long >= self._most_long:
                one = next((each for each in self._together if each.seconds < LONG_SECONDS), one)
            self._together.remove(one)
            return self._play(lane, one)
        if self._alone and alone:
            return self._play(lane, self._alone.popleft())
        return None

    def waiting(self) -> int:
        """Scenarios that wait for a lane; those that judge time count as one, since they are played one by one."""
        return len(self._together) or int(bool(self._alone))

    def left(self) -> list[Planned]:
        """What nobody has begun, and nobody will."""
        return [*self._left, *self._together, *self._alone]

    def _play(self, lane: int, one: Planned) -> Task:
        self._began(lane, one)
        unwritten = ""
        is_long = one.seconds >= LONG_SECONDS
        self._long += is_long
        try:
            played = yield Play(one.index)
        except LaneDied as died:
            record = record_broken_off(one.scenario, str(died))
        else:
            assert isinstance(played, Played)
            replaying.apply(one.scenario, played.model)
            record, unwritten = played.record, played.unwritten
        self._long -= is_long
        self._tell(one, record)
        if unwritten or (self._stop_at_red and record.is_red):
            self.stopped = self.stopped or unwritten or "the run stopped at the first red scenario"
            self._left, self._together, self._alone = self.left(), deque(), deque()
