"""What a stack can be asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_PORTS = (20000, 29999)


@dataclass(frozen=True)
class StackOptions:
    """How to start a stack.

    checkout: root of the project whose platform is started.
    target: the platform, a folder of its `targets`.
    mode: which of the target's modes; "" is none of them.
    services: who provides the stores: embedded (this stack, from packages), containers (this stack, from images) or
        external (somebody else, see `credentials`).
    log_dir: where `<service>.log` files go; made when missing.
    ports: lowest and highest port (inclusive) to take ports from, on 127.0.0.1.
    keep: the stack outlives the process that started it.
    defects: per service of the platform, the seeded defects to load.
    only: names of services to start (with all proxies); None starts all.
    base_dir: the place for caches and run directories; None takes the machine's temporary area.
    start_seconds: how long each service may take to become ready.
    credentials: those that the run was given, by the names of their variables.
    """

    checkout: Path
    log_dir: Path
    target: str = "apex"
    mode: str = ""
    services: str = "embedded"
    ports: tuple[int, int] = DEFAULT_PORTS
    keep: bool = False
    defects: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: frozenset[str] | None = None
    base_dir: Path | None = None
    start_seconds: float = 60.0
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def platform(self) -> str:
        """The platform, its mode and its stores, as they are set."""
        mode = f" -D mode={self.mode}" if self.mode else ""
        services = f" -D services={self.services}" if self.services != "embedded" else ""
        return f"{self.target}{mode}{services}"

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back."""
        plain = dataclasses.asdict(self)
        plain["checkout"], plain["log_dir"] = str(self.checkout.absolute()), str(self.log_dir.absolute())
        plain["base_dir"] = None if self.base_dir is None else str(self.base_dir.absolute())
        plain["only"] = None if self.only is None else sorted(self.only)
        plain["defects"] = {name: list(ids) for name, ids in self.defects.items()}
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> StackOptions:
        """Read back what `to_json` made."""
        return cls(
            checkout=Path(plain["checkout"]),
            log_dir=Path(plain["log_dir"]),
            target=plain["target"],
            mode=plain["mode"],
            services=plain["services"],
            ports=(plain["ports"][0], plain["ports"][1]),
            keep=plain["keep"],
            defects={name: tuple(ids) for name, ids in plain["defects"].items()},
            only=None if plain["only"] is None else frozenset(plain["only"]),
            base_dir=None if plain["base_dir"] is None else Path(plain["base_dir"]),
            start_seconds=plain["start_seconds"],
            credentials=plain["credentials"],
        )
