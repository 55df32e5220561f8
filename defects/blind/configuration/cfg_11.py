"""Blind defects of CFG-11."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-11qa",
    "another port at the same host passes for a change of credentials",
    service="backend",
    scenario="A changed setting has the reported impact",
    step="the report says that <services> <take it>",
)
def _() -> None:
    # Observable: change the port (or the number of the database) in redis.url: `impact` says that it is taken over
    # while the services run, and the backend's health names no restart; but the backend goes on with the former Redis.
    # Another host needs a restart, as it must.
    from urllib.parse import urlsplit

    from apex.config import effects

    def place(address: str) -> str:
        return urlsplit(address).hostname or ""

    replace(effects, "_place", place)


@blind_defect(
    "CFG-11sa",
    "a setting that the candidate does not have any more is no change",
    service="backend",
    scenario="A removed setting has the impact of its default value",
    step="the report says that <services> <take it>",
)
def _() -> None:
    # Observable: impact (and diff) of a candidate from which a line was taken out, such as worker.slots or
    # tools.threads: nothing is told and nobody is to be restarted, while in fact the default comes into its place.
    from apex.config import command

    @around(command, "_changes")
    def _(original: Any, current: Any, candidate: Any) -> Any:
        for change in original(current, candidate):
            if change.key in candidate.sources or change.key not in current.sources:
                yield change


@blind_defect(
    "CFG-11ua",
    "the report goes by the host of an address alone",
    service="backend",
    scenario="A changed setting has the reported impact",
    step="the report says that <services> <take it>",
)
def _() -> None:
    # Observable: another database name, another number of a Redis database or another sslmode at the same server:
    # impact says "while they run", and in fact all services need a restart.
    from urllib.parse import urlsplit

    from apex.config import command
    from apex.config.effects import Effect

    class ByHost(Effect):
        def is_taken_over(self, before: Any, after: Any) -> bool:
            if self.how != "credentials":
                return super().is_taken_over(before, after)
            was, becomes = urlsplit(before), urlsplit(after)
            return (was.hostname, was.port) == (becomes.hostname, becomes.port)

    @around(command, "effect_of")
    def _(original: Any, key: str) -> Effect:
        effect = original(key)
        return ByHost(effect.services, effect.feature, effect.how)


@blind_defect(
    "CFG-11ub",
    "the report takes a section's line where the key has one of its own",
    service="backend",
    scenario="A changed setting has the reported impact",
    step="the report says that <services> <take it>",
)
def _() -> None:
    # Observable: requests.max_head_bytes or requests.head_seconds: impact says "while they run", in fact a restart is
    # needed; worker.slots and worker.run_seconds: the other way about, and the latter touches the backend.
    from apex.config import command, effects

    def effect_of(key: str) -> effects.Effect:
        return effects._EFFECTS[min((known for known in effects._EFFECTS if effects._is_part(key, known)), key=len)]

    replace(command, "effect_of", effect_of)


@blind_defect(
    "CFG-11ma",
    "a new time limit for locks is told as taken over, and the connections keep the old one",
    service="backend",
)
def _() -> None:
    # Observable: change database.lock_seconds in the file while the backend runs: report, health and log say that no
    # restart is needed and that it was taken over; whoever waits for a lock is still refused after the former time.
    from apex.storage import database

    replace(database, "_RENEWED", tuple(key for key in database._RENEWED if key != "lock_seconds"))
