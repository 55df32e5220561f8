"""The logs of the services, read from where the last look ended."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from support.oracles.canary import Sighting, markers_in, tenant_of

_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*(?:Z|\+00:00)")
_TRACE = re.compile(rb'"trace_id": ?"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a service's log."""

    service: str
    text: bytes

    @property
    def trace_id(self) -> str | None:
        """The trace that the line belongs to; None without one."""
        found = _TRACE.search(self.text)
        return found[1].decode() if found else None

    @property
    def time(self) -> bytes | None:
        """When it was written, to the second in UTC; None where it does not say so."""
        found = _TIME.search(self.text)
        return found[1] if found else None

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a JSON line; a plain line has its text as ``event``."""
        try:
            read = json.loads(self.text)
        except ValueError:
            read = None
        if isinstance(read, dict):
            return {**read, "log": self.service}
        return {"log": self.service, "event": self.text.decode("utf-8", "replace")}


class ServiceLogs:
    """All log files of a directory, and how far each was read."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read: dict[Path, int] = {path: path.stat().st_size for path in self._files()}

    def new_lines(self) -> list[LogLine]:
        """Complete lines written since the last look; a file that was begun anew is read from its start."""
        lines: list[LogLine] = []
        for path in self._files():
            begin = self._read.get(path, 0)
            size = path.stat().st_size
            if size < begin:
                begin = 0
            if size == begin:
                continue
            with path.open("rb") as file:
                file.seek(begin)
                text = file.read(size - begin)
            complete = text.rfind(b"\n") + 1
            self._read[path] = begin + complete
            lines += [LogLine(path.stem, line) for line in text[:complete].splitlines() if line]
        return lines

    def _files(self) -> Iterator[Path]:
        return self._directory.glob("*.log")


def whole_logs(directory: Path, services: str) -> list[LogLine]:
    """Every complete line in the logs of some services (a pattern such as ``worker-*``)."""
    return [
        LogLine(path.stem, line)
        for path in directory.glob(f"{services}.log")
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


def sightings(lines: Iterable[LogLine], owners: Sequence[str], everybody: Mapping[str, str]) -> list[Sighting]:
    """The markers in log lines; a line belongs to the tenant or user that the first of the fields ``owners`` names.

    :param everybody: user id -> tenant id, of all users of this run.
    """
    found = []
    for line in lines:
        if b"canary-" in line.text:
            fields = line.fields
            found.append(
                Sighting(
                    f"the log of {line.service} ({str(fields.get('event'))[:80]})",
                    tenant_of(next((fields[name] for name in owners if name in fields), None), everybody),
                    markers_in(line.text.decode("utf-8", "replace")),
                )
            )
    return found


def of_services(
    lines: Iterable[LogLine], services: Collection[str], since: datetime, most: int = 100
) -> list[dict[str, Any]]:
    """The last lines of services (patterns) that do not say that they are older, where lines belong to no traces."""
    begin = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
    chosen = [
        line
        for line in lines
        if (line.time or begin) >= begin and any(fnmatch(line.service, each) for each in services)
    ]
    return [line.fields for line in chosen[-most:]]


_COMPLAINTS = ("warning", "error", "critical")


def of_traces(lines: Iterable[LogLine], trace_ids: set[str], most: int = 200) -> list[dict[str, Any]]:
    """The lines that belong to traces, at most that many, and as many complaints that belong to none: what a service
    does for everybody has no trace.
    """
    read = list(lines)
    own = [line for line in read if line.trace_id in trace_ids]
    complaints = [line for line in read if not line.trace_id and line.fields.get("level") in _COMPLAINTS]
    return [line.fields for line in own[:most] + complaints[:most]]
