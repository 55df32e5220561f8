"""The lanes of a run as the run sees them: started, given work one piece at a time, replaced when they die, ended.

The run itself is one process with one thread, so that it may fork a lane at any time. What a lane is to do is a
generator: it yields orders and is sent the lane's answers, or thrown :class:`LaneDied`.
"""

import itertools
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from support.refusal import Refusal
from support.run.orders import Ready, Refused
from support.stack.processes import dies_with

Task = Generator[Any, Any, None]

_END_SECONDS = 30.0
_AGAIN_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LaneDied(Exception):
    """The lane's process ended while it had something in hand; one line."""


class Source(Protocol):
    """Where the work comes from."""

    def take(self, lane: int, alone: bool) -> Task | None:
        """What a free lane does next; None: nothing. `alone`: no other lane is left, so nothing else is at work."""

    def waiting(self) -> int:
        """How many lanes more would have something to do at once."""


@dataclass
class _Lane:
    number: int
    pid: int
    connection: Connection
    ready: bool = False
    ending: bool = False
    task: Task | None = None


class Lanes:
    """Up to `count` lanes at work on what a source hands out."""

    def __init__(
        self,
        count: int,
        starting_at_once: int,
        inside: Callable[[int, Connection], None],
        forked: Callable[[], None] = lambda: None,
        interrupted: Callable[[], None] = lambda: None,
    ) -> None:
        """`inside(number, connection)` is what a lane does, in a process of its own; `forked` is called here then.

        `interrupted` is called once when the work is to end early, before the lanes have ended.
        """
        self._count = count
        self._starting_at_once = starting_at_once
        self._inside = inside
        self._forked = forked
        self._interrupted = interrupted
        self._lanes: dict[int, _Lane] = {}
        self._numbers = itertools.count(1)
        self._was_ready = False
        self._wake, self._woken = Pipe(duplex=False)
        self.interrupted_by: signal.Signals | None = None
        self._interrupted_at: float | None = None
        self.gave_up = ""
        """Why nothing more could be played, although nobody interrupted; one line."""
        self.version = ""
        """What the platform says its version is, as soon as a lane has one."""
        self.notes: list[str] = []
        """What readers should know: lanes that did not start, or died."""

    def work(self, source: Source) -> None:
        """Have the lanes do everything that the source hands out; returns when all of them have ended.

        :raises Refusal: no lane can be started; one clear line.
        """
        with self._heeding_signals():
            try:
                self._work(source)
            finally:
                for lane in self._lanes.values():
                    with suppress(ProcessLookupError):
                        os.kill(lane.pid, signal.SIGKILL)
                for lane in self._lanes.values():
                    os.waitpid(lane.pid, 0)

    def end_early(self, number: int) -> None:
        """Have the lanes undo what they are at, and end; what that signal asks for. Asked again: at once."""
        # One signal may come twice at once: to the process, and to its group.
        again = self._interrupted_at is not None and time.monotonic() - self._interrupted_at > _AGAIN_SECONDS
        self._interrupted_at = self._interrupted_at or time.monotonic()
        self.interrupted_by = self.interrupted_by or signal.Signals(number)
        for lane in self._lanes.values():
            with suppress(ProcessLookupError):
                os.kill(lane.pid, signal.SIGKILL if again else signal.SIGTERM)
        self._woken.send(number)

    def _work(self, source: Source) -> None:
        deadline: float | None = None
        while True:
            if self.interrupted_by is None:
                self._start_lanes(source)
                for lane in list(self._lanes.values()):
                    self._occupy(lane, source)
            elif deadline is None:
                deadline = time.monotonic() + _END_SECONDS
                # Whoever asked may have little patience.
                self._interrupted()
            if not self._lanes:
                return
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                self.notes.append(f"a lane did not end within {_END_SECONDS:.0f} s of the interruption and was killed")
                return
            for ready in wait([self._wake, *(lane.connection for lane in self._lanes.values())], left):
                if ready is self._wake:
                    self._wake.recv()
                else:
                    self._hear(next(lane for lane in self._lanes.values() if lane.connection is ready))

    # -- starting -----------------------------------------------------------------------------------------------

    def _start_lanes(self, source: Source) -> None:
        if self.gave_up:
            return
        starting = sum(not lane.ready for lane in self._lanes.values())
        idle = sum(lane.ready and lane.task is None and not lane.ending for lane in self._lanes.values())
        while (
            sum(not lane.ending for lane in self._lanes.values()) < self._count
            and starting < self._starting_at_once
            and source.waiting() > starting + idle
        ):
            self._fork()
            starting += 1

    def _fork(self) -> None:
        # One that replaces another has logs of its own.
        number = next(self._numbers)
        ours, theirs = Pipe()
        _flush()
        parent = os.getpid()
        # Until the lane has handlers of its own it must not act as the run does.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                dies_with(parent, signal.SIGKILL)()
                for number_of_signal in _SIGNALS:
                    signal.signal(number_of_signal, signal.SIG_DFL)
                # Those that a terminal sends reach every process; the run decides what they mean.
                for number_of_signal in (signal.SIGINT, signal.SIGHUP):
                    signal.signal(number_of_signal, lambda *_: None)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
                ours.close()
                for lane in self._lanes.values():
                    lane.connection.close()
                self._inside(number, theirs)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                _flush()
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        theirs.close()
        self._forked()
        self._lanes[number] = _Lane(number, pid, ours)

    # -- working ------------------------------------------------------------------------------------------------

    def _occupy(self, lane: _Lane, source: Source) -> None:
        """Give a free lane something to do, or let it end; the last one waits until the others have gone."""
        if not lane.ready or lane.ending or lane.task is not None:
            return
        alone = len(self._lanes) == 1
        task = source.take(lane.number, alone)
        if task is not None:
            lane.task = task
            self._go_on(lane, next, task)
        elif alone or any(not other.ending for other in self._lanes.values() if other is not lane):
            self._end(lane)

    def _go_on(self, lane: _Lane, step: Callable[..., Any], *arguments: Any) -> None:
        """Have the lane's task take its next step, and hand the order that it comes to over to the lane."""
        try:
            order = step(*arguments)
        except StopIteration:
            lane.task = None
            return
        # A lane that has died meanwhile is heard of at its connection's end.
        with suppress(BrokenPipeError, ConnectionResetError):
            lane.connection.send(order)

    def _hear(self, lane: _Lane) -> None:
        try:
            answer = lane.connection.recv()
        except (EOFError, ConnectionResetError):
            self._bury(lane)
            return
        if lane.task is not None:
            self._go_on(lane, lane.task.send, answer)
        elif isinstance(answer, Ready):
            lane.ready = self._was_ready = True
            self.version = answer.version
        elif isinstance(answer, Refused):
            self._refused(lane, answer.reason)

    def _refused(self, lane: _Lane, reason: str) -> None:
        lane.ready = lane.ending = True
        others = any(other is not lane for other in self._lanes.values())
        if not others and not self._was_ready:
            raise Refusal(reason)
        if not others:
            self.gave_up = f"no lane starts any more: {reason}"
            return
        self._count = max(1, self._count - 1)
        self.notes.append(f"lane {lane.number} did not start, the others play its share: {reason}")

    def _end(self, lane: _Lane) -> None:
        lane.ending = True
        # Its end of the connection sees the end of ours.
        lane.connection.send(None)

    def _bury(self, lane: _Lane) -> None:
        del self._lanes[lane.number]
        lane.connection.close()
        _, status = os.waitpid(lane.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        task, lane.task = lane.task, None
        if task is not None:
            self.notes.append(f"lane {lane.number} {how} while it was at work")
            with suppress(StopIteration):
                task.throw(LaneDied(f"lane {lane.number} {how} while it was at this"))
        elif not lane.ready:
            self._refused(lane, f"the lane {how} while it started")

    # -- ending early -------------------------------------------------------------------------------------------

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        # What was to be ignored, as nohup asks for, still is.
        handled = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda each, _frame: self.end_early(each)) for number in handled}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Whoever read it may have gone.
        with suppress(OSError):
            stream.flush()
