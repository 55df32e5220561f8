"""Whether the observer itself was at work: a thread that wakes at short intervals, and notes when it woke late.

A process that is stopped, a laptop that is closed and a machine that is overloaded see nothing meanwhile: what should
have been seen then is neither shown nor disproved.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SUSPENDED_SECONDS = 1.0
"""Who has not run for so long was suspended; what happened meanwhile, and to whom, nobody knows."""

RECOVERY_SECONDS = 10.0
"""For how long after it the platform may still be affected: leases have run out, connections are renewed."""

_PERIOD = 0.05
_LATE = 0.05
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which the observer did not run, up to ``ended`` (monotonic).

    ``seconds`` of it the monotonic clock has counted; ``asleep`` has those as well in which the machine slept.
    """

    ended: float
    seconds: float
    asleep: float


class Pulse:
    """The gaps of this process. ``clocks`` gives monotonic seconds, and the same with the machine's sleep."""

    def __init__(self, clocks: Callable[[], tuple[float, float]] = lambda: (time.monotonic(), _boottime())) -> None:
        self._clocks = clocks
        self._last = clocks()
        self._gaps: deque[Gap] = deque(maxlen=_KEPT)

    def start(self) -> "Pulse":
        """Beat until the process ends, in a thread of its own."""
        threading.Thread(target=self._beat_on, name="pulse", daemon=True).start()
        return self

    def beat(self) -> None:
        """Note how late this beat comes."""
        now, gap = self._clocks(), self._since_the_last_beat()
        if gap.asleep > _LATE:
            self._gaps.append(gap)
        self._last = now

    def lost(self, since: float) -> float:
        """Seconds after ``since`` (monotonic) in which the observer did not run."""
        return sum(min(gap.seconds, gap.ended - since) for gap in self._known() if gap.ended > since)

    def most_lost(self, seconds: float, since: float) -> float:
        """The most that was lost in any stretch of so many seconds after ``since``."""
        gaps = [gap for gap in self._known() if gap.ended > since]
        return max(
            (
                sum(each.seconds for each in gaps if first.ended <= each.ended <= first.ended + seconds)
                for first in gaps
            ),
            default=0.0,
        )

    def suspended(self, since: float) -> float:
        """Seconds for which the observer was suspended in the time that ended after ``since``; 0: it was not."""
        return sum(gap.asleep for gap in self._known() if gap.ended > since and gap.asleep >= SUSPENDED_SECONDS)

    def _known(self) -> list[Gap]:
        # Whoever was suspended may ask before the next beat.
        present = self._since_the_last_beat()
        return [*self._gaps, present] if present.asleep > _LATE else list(self._gaps)

    def _since_the_last_beat(self) -> Gap:
        now, last = self._clocks(), self._last
        return Gap(now[0], max(0.0, now[0] - last[0] - _PERIOD), now[1] - last[1] - _PERIOD)

    def _beat_on(self) -> None:
        never = threading.Event()
        while True:
            never.wait(_PERIOD)
            self.beat()


def _boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


_own: Pulse | None = None


def of_this_process() -> Pulse:
    """The pulse of this process; it begins to beat when it is asked for."""
    global _own
    if _own is None:
        _own = Pulse().start()
    return _own


def _forget() -> None:
    global _own
    _own = None


# A thread stays behind in the process that forks.
os.register_at_fork(after_in_child=_forget)
