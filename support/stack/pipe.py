"""One direction of one proxied connection: passes bytes on, at once or as a fault has it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal

from support.stack.fault import Direction, Fault

_HELD_LIMIT = 256 * 1024
_TICK_SECONDS = 0.01

End = Literal["eof", "reset"]


class Counters:
    """Bytes passed and connections seen on one line."""

    def __init__(self) -> None:
        self.total_connections = 0
        self.bytes: dict[Direction, int] = {"to_server": 0, "to_client": 0}


class Pipe:
    """Bytes from `source` to `sink`. How a side ends (an orderly end, a reset) passes through in the same order.

    While bytes are held back the source is read no further than a limit, so that its sender feels the fault as it
    would feel a slow network.
    """

    def __init__(
        self, direction: Direction, counters: Counters, reset: Callable[[], None], finished: Callable[[], None]
    ) -> None:
        self._direction: Direction = direction
        self._counters = counters
        self._reset = reset
        self._at_end = finished
        self._loop = asyncio.get_running_loop()
        self._source: asyncio.Transport | None = None
        self._sink: asyncio.Transport | None = None
        self._held: deque[tuple[float, bytes | End]] = deque()
        self._held_bytes = 0
        self._fault: Fault | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._allowance = 0.0
        self._refilled_at = 0.0
        self._left_until_reset = 0
        self._reasons_to_wait: set[str] = set()
        self.finished = False

    def attach_source(self, transport: asyncio.Transport) -> None:
        """The side that bytes come from."""
        self._source = transport
        if self._reasons_to_wait:
            transport.pause_reading()

    def attach_sink(self, transport: asyncio.Transport) -> None:
        """The side that bytes go to; they are held until there is one."""
        self._sink = transport
        self._pump()

    def feed(self, data: bytes) -> None:
        """Bytes from the source."""
        if self._fault is None and not self._held and self._sink is not None:
            self._pass_on(data)
        else:
            self._hold(data, len(data))

    def feed_end(self, end: End) -> None:
        """The source has ended."""
        if self._fault is None and not self._held and self._sink is not None:
            self._finish(end)
        else:
            self._hold(end, 0)

    def set_fault(self, fault: Fault | None) -> None:
        """Let a fault hold from now on; None heals: what was held back passes at once."""
        self._fault = fault if fault is not None and fault.covers(self._direction) else None
        now = self._loop.time()
        self._allowance, self._refilled_at = 0.0, now
        self._left_until_reset = self._fault.after_bytes or 0 if self._fault is not None else 0
        self._held = deque((now, what) for _, what in self._held)
        self.wait_for("blackhole", self._fault is not None and self._fault.kind == "blackhole")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pump()

    def wait_for(self, reason: str, holds: bool) -> None:
        """Read from the source only while no reason to wait holds."""
        waited = bool(self._reasons_to_wait)
        if holds:
            self._reasons_to_wait.add(reason)
        else:
            self._reasons_to_wait.discard(reason)
        if self._source is None or self._source.is_closing() or waited == bool(self._reasons_to_wait):
            return
        if waited:
            self._source.resume_reading()
        else:
            self._source.pause_reading()

    def stop(self) -> None:
        """Forget what is held; the connection is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held.clear()

    def _hold(self, what: bytes | End, size: int) -> None:
        delay = self._fault.seconds or 0.0 if self._fault is not None and self._fault.kind == "delay" else 0.0
        self._held.append((self._loop.time() + delay, what))
        self._held_bytes += size
        self.wait_for("held", self._held_bytes > _HELD_LIMIT)
        if self._timer is None:
            self._pump()

    def _pump(self) -> None:
        """Pass on what the fault allows by now and come back for the rest."""
        self._timer = None
        while self._held:
            pause = self._pause_before_next()
            if pause is None:
                return
            if pause > 0:
                self._timer = self._loop.call_later(pause, self._tick)
                return
            _, what = self._held.popleft()
            if isinstance(what, bytes):
                self._held_bytes -= len(what)
                self._pass_on(self._allowed_part(what))
                self.wait_for("held", self._held_bytes > _HELD_LIMIT)
            else:
                self._finish(what)

    def _tick(self) -> None:
        fault = self._fault
        if fault is not None and fault.kind == "stutter":
            burst, self._held = self._held, deque()
            self._held_bytes = 0
            for _, what in burst:
                if isinstance(what, bytes):
                    self._pass_on(what)
                else:
                    self._finish(what)
            self.wait_for("held", False)
            self._timer = None
        else:
            self._pump()

    def _pause_before_next(self) -> float | None:
        """Seconds until the next held piece may pass; 0 when it may now, None when only healing helps."""
        fault, now = self._fault, self._loop.time()
        if self._sink is None or (fault is not None and fault.kind == "blackhole"):
            return None
        if fault is None or fault.kind in ("refuse", "reset", "reset_after"):
            return 0.0
        if fault.kind == "delay":
            return self._held[0][0] - now
        if fault.kind == "stutter":
            return fault.seconds
        rate = fault.bytes_per_second or 1
        self._allowance = min(self._allowance + (now - self._refilled_at) * rate, max(rate * 0.1, 1.0))
        self._refilled_at = now
        return 0.0 if self._allowance >= 1 else max(_TICK_SECONDS, (1 - self._allowance) / rate)

    def _allowed_part(self, data: bytes) -> bytes:
        """The part that the rate allows now; the rest goes back to the head of what is held."""
        if self._fault is None or self._fault.kind != "rate":
            return data
        part = data[: int(self._allowance)]
        self._allowance -= len(part)
        if rest := data[len(part) :]:
            self._held.appendleft((0.0, rest))
            self._held_bytes += len(rest)
        return part

    def _pass_on(self, data: bytes) -> None:
        sink = self._sink
        if sink is None or sink.is_closing():
            return
        if self._fault is not None and self._fault.kind == "reset_after":
            data = data[: self._left_until_reset]
            self._left_until_reset -= len(data)
        self._counters.bytes[self._direction] += len(data)
        if data:
            sink.write(data)
        if self._fault is not None and self._fault.kind == "reset_after" and self._left_until_reset == 0:
            # In the next round, so that the bytes that may still pass leave before the reset.
            self._loop.call_soon(self._reset)

    def _finish(self, end: End) -> None:
        self.finished = True
        if end == "reset":
            self._reset()
            return
        if self._sink is not None and not self._sink.is_closing():
            self._sink.write_eof()
        self._at_end()
