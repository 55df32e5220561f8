"""The stack that a checkout keeps running: where it is, and whether its sources have changed since."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

# What a running stack has loaded; a change there is not seen before the stack starts again.
_SOURCES = ("apex", "support/stack", "targets")
_CONFIGURATION = frozenset((".py", ".toml", ".json", ".sql", ".yaml"))


def state_file(base: Path, checkout: Path) -> Path:
    """The file that names the run directory of the stack that `checkout` keeps."""
    mark = hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:16]
    return base / "kept" / f"{mark}.json"


def remember(base: Path, checkout: Path, run_dir: Path) -> None:
    """Note the kept stack of a checkout."""
    path = state_file(base, checkout)
    fresh = path.with_suffix(f".{run_dir.name}")
    fresh.write_text(json.dumps({"checkout": str(checkout), "run_dir": str(run_dir)}))
    fresh.rename(path)


def recall(base: Path, checkout: Path) -> Path | None:
    """The run directory of the kept stack, if one was noted; the stack itself may be gone."""
    try:
        return Path(json.loads(state_file(base, checkout).read_text())["run_dir"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def forget(base: Path, checkout: Path, run_dir: Path) -> None:
    """Remove the note, if it is about this run."""
    if recall(base, checkout) == run_dir:
        state_file(base, checkout).unlink(missing_ok=True)


def fingerprint(checkout: Path) -> str:
    """A hash over the names and contents of all sources that a running stack has loaded."""
    digest = hashlib.sha256()
    for part in _SOURCES:
        for path in sorted((checkout / part).rglob("*")):
            if path.suffix in _CONFIGURATION and path.is_file():
                digest.update(f"{path.relative_to(checkout)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
