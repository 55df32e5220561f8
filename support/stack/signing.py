"""With which key a running stack signs its customers' tokens."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Signing:
    """What the platform's tokens are made with. Tests make tokens with it that only one thing is wrong with."""

    key_id: str
    secret: str = field(repr=False)
    issuer: str
    audience: str


def signing_of(run_dir: Path) -> Signing:
    """Read it from the configuration that the stack wrote for its services."""
    auth = tomllib.loads((run_dir / "apex" / "apex.toml").read_text("utf-8"))["auth"]
    key = auth["signing_keys"][0]
    return Signing(key["id"], key["secret"], auth["issuer"], auth["audience"])
