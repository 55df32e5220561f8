"""What was proved before, by what it depended on: a result that cannot have changed need not be proved again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Store:
    """One JSON file: of each defect that was killed, and each control that was green, the last time and its digest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            self._entries: dict[str, dict[str, Any]] = dict(read["results"])
            self._afresh_since: str | None = read["afresh_since"]
        except (OSError, ValueError, KeyError, TypeError):
            # Nothing is known: everything is proved.
            self._entries, self._afresh_since = {}, None

    def recall(self, name: str, digest: str, *, afresh: bool = False) -> Mapping[str, Any] | None:
        """What is known of a defect or control, if it depended on the same; `afresh`: and was proved since `begin`."""
        entry = self._entries.get(name)
        if entry is None or entry["digest"] != digest:
            return None
        if afresh and (self._afresh_since is None or entry["at"] < self._afresh_since):
            return None
        return entry

    def keep(self, name: str, digest: str, **known: object) -> None:
        """Remember a result, at once: whoever interrupts the proof loses nothing."""
        self._entries[name] = {"digest": digest, "at": _now(), **known}
        self._write()

    def forget(self, name: str) -> None:
        """What was known holds no more."""
        if self._entries.pop(name, None) is not None:
            self._write()

    def begin(self) -> bool:
        """A proof of everything begins afresh; true when it goes on with one that was interrupted."""
        goes_on = self._afresh_since is not None
        self._afresh_since = self._afresh_since or _now()
        self._write()
        return goes_on

    def end(self) -> None:
        """The proof of everything is complete; the next one begins anew."""
        self._afresh_since = None
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps({"afresh_since": self._afresh_since, "results": self._entries}), encoding="utf-8")
        fresh.rename(self._path)


def _now() -> str:
    return datetime.now(UTC).isoformat()
