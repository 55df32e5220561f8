"""Blind defects of configuration, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-01sa",
    "what environment variables say is forgotten with the first change of the files",
    service="auth",
    scenario="An environment variable outlasts every change of the deployment file",
    step="all of its services run on its validated configuration in time",
)
def _() -> None:
    # Observable: start all services with APEX_FEATURES__SIGN_UP=false, and change any key of the deployment's file:
    # auth takes sign-ups again, and its checksum is no longer that of the other services.
    from dataclasses import replace as changed

    from apex.config.live import Configuration

    @around(Configuration, "refresh")
    def _(original: Any, self: Any) -> None:
        # They are out of the environment by now: there is nothing to be read again.
        if self._files is not None:
            self._files = changed(self._files, variables={}, faults=())
        original(self)


@blind_defect(
    "CFG-02sa",
    "until when a former key is accepted is read without its offset from UTC",
    service="backend",
    scenario="A replaced signing key is accepted until its grace period ends",
    step="every service refuses Acme's access token afterwards",
)
def _() -> None:
    # Observable: rotate the signing key with accepted_until two seconds from now, written with the offset +02:00; the
    # backend takes the old tokens for two more hours. Written with -05:00 it refuses them at once.
    from datetime import UTC, datetime

    from apex.settings import SigningKey

    def is_accepted(self: Any) -> bool:
        until: datetime | None = self.accepted_until
        return until is None or datetime.now(UTC).replace(tzinfo=None) < until.replace(tzinfo=None)

    replace(SigningKey, "is_accepted", property(is_accepted))


@blind_defect(
    "CFG-09sa",
    "what goes together in a configuration is looked at when the worker starts, and at no change",
    service="worker",
    scenario="An invalid change leaves the old configuration in place",
    step="every service refuses the change in time and says why",
)
def _() -> None:
    # Observable: while all run, change the files to something whose values are right one by one and do not go together
    # (two signing keys of one id, a first key with accepted_until, an internal key that is also a customers' one): the
    # worker takes it over, with nothing under "refused" and another checksum; the other services keep the old.
    from apex.config import layers

    looked: list[bool] = []

    @around(layers, "broken_rules")
    def _(original: Any, settings: Any) -> Any:
        if looked:
            return iter(())
        looked.append(True)
        return original(settings)


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
