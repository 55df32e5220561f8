"""What can be wrong with a network link."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["delay", "rate", "stutter", "blackhole", "refuse", "reset", "reset_after"]
Direction = Literal["both", "to_server", "to_client"]

_NEEDS = {"delay": "seconds", "rate": "bytes_per_second", "stutter": "seconds", "reset_after": "after_bytes"}


@dataclass(frozen=True)
class Fault:
    """A fault on a link; it holds for the connections that are open and for new ones, until it is cleared; with
    `open_only` new ones are sound.

    delay: every byte arrives `seconds` later.
    rate: at most `bytes_per_second` pass per connection and direction.
    stutter: bytes are held back and arrive in bursts, one every `seconds`.
    blackhole: nothing passes and nobody is told; what was sent meanwhile arrives once the fault is cleared.
    refuse: open connections are reset, new ones refused.
    reset: open connections are reset, new ones are accepted and reset.
    reset_after: each connection is reset once `after_bytes` have passed in the direction.

    `direction` counts for delay, rate, stutter, blackhole and reset_after. Raises ValueError where a figure that the
    kind needs is missing or not above zero (after_bytes may be 0).
    """

    kind: Kind
    direction: Direction = "both"
    seconds: float | None = None
    bytes_per_second: int | None = None
    after_bytes: int | None = None
    open_only: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("delay", "rate", "stutter", "blackhole", "refuse", "reset", "reset_after"):
            raise ValueError(f"unknown kind of fault: {self.kind}")
        if self.direction not in ("both", "to_server", "to_client"):
            raise ValueError(f"unknown direction: {self.direction}")
        for name in ("seconds", "bytes_per_second", "after_bytes"):
            value = getattr(self, name)
            wanted = _NEEDS.get(self.kind) == name
            if wanted and (value is None or value < 0 or (value == 0 and name != "after_bytes")):
                raise ValueError(f"a fault of kind {self.kind} needs {name} above zero, not {value}")
            if not wanted and value is not None:
                raise ValueError(f"a fault of kind {self.kind} takes no {name}")
        if self.open_only and self.kind in ("refuse", "reset"):
            raise ValueError(f"a fault of kind {self.kind} is one of new connections, too")

    def covers(self, direction: Direction) -> bool:
        """Does the fault hold in this direction of the link?"""
        return self.direction in ("both", direction)

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Fault:
        """Read back what `to_json` made."""
        return cls(**plain)
