"""How long each scenario lasts: as recorded with the suite, and as measured here since."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from support.run.record import ScenarioRecord

RECORDED = Path(__file__).with_name("durations.json")
"""Kept with the suite, so that every machine cuts the same shards."""


def recorded(path: Path = RECORDED) -> dict[str, float]:
    """Seconds by scenario, out of one file; nothing where there is none, or none that can be read."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(seconds) for name, seconds in read.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        # It only decides what is played first: no run fails for it.
        return {}


def known(own: Path) -> dict[str, float]:
    """What is recorded with the suite, over it what was measured on this machine (the file `own`)."""
    return recorded() | recorded(own)


def remember(own: Path, measured: Mapping[str, float]) -> None:
    """Note what a run measured. Others may be reading: the file is replaced as a whole."""
    _write(own, {**recorded(own), **measured})


def record(measured: Mapping[str, float], path: Path = RECORDED) -> None:
    """Replace what is kept with the suite."""
    _write(path, measured)


def measured_by(records: Iterable[ScenarioRecord]) -> dict[str, float]:
    """Seconds by scenario, of those that ran to their end."""
    return {record.name: record.seconds for record in records if record.status == "passed"}


def _write(path: Path, durations: Mapping[str, float]) -> None:
    text = json.dumps({name: round(seconds, 2) for name, seconds in sorted(durations.items())}, indent=0)
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{text}\n", encoding="utf-8")
    fresh.rename(path)
