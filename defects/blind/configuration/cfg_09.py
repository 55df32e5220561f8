"""Blind defects of CFG-09."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-09ra",
    "a section of which something was changed is another one from then on",
    service="backend",
    scenario="A new rate limit holds in every service",
    step="Acme is held to the new limit in every service in time",
)
def _() -> None:
    # Observable: change rate_limits.free (or requests.max_body_bytes, or database.pool_size) in the settings of a
    # running backend: its health has the new checksum and names no restart, and the old limit is still kept: whoever
    # holds a section since the start never hears of the new one. features.sign_up and log.level are taken over.
    from pydantic import BaseModel

    from apex.config import live

    def put(settings: BaseModel, wanted: BaseModel, names: list[str]) -> None:
        setattr(settings, names[0], getattr(wanted, names[0]))

    replace(live, "_put", put)


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
    "CFG-09ta",
    "a setting that is taken out of the files again keeps its last value",
    service="backend",
    scenario="A new log level holds in every process",
    step="every service logs Acme's work once the log level is back",
)
def _() -> None:
    # Observable: add database.pool_size = 3 (or log.level = "debug") to the deployment's file, and take the line out
    # again; the backend stays at 3 connections (writes debug lines) until its restart, and its checksum differs from
    # the other services'. A change to another value is taken over.
    live: Any = import_module("apex.config.live")

    def is_given(model: Any, names: list[str]) -> bool:
        for name in names:
            if name not in model.model_fields_set:
                return False
            model = getattr(model, name)
        return True

    @around(live.Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        for key, value in list(live.flat(wanted)):
            before, names = self._values.get(key), key.split(".")
            is_reloaded = before != value and not self._needs_restart(key, before, value)
            if is_reloaded and not is_given(wanted, names):
                live._put(wanted, self.settings, names)
        original(self, wanted)


@blind_defect("CFG-09ua", "the rate limits of the plans are looked up every ten seconds only", service="backend")
def _() -> None:
    # Observable: a limit of a plan is changed while customers ask: the backend reports the new configuration, and goes
    # by the former limit for up to ten seconds.
    import time

    from apex.http.fair_use import FairUse

    until = 0.0
    limits: Any = None

    @around(FairUse, "admit")
    async def _(original: Any, self: Any, tenant_id: str, plan: str) -> None:
        nonlocal until, limits
        if time.monotonic() >= until:
            until, limits = time.monotonic() + 10, self._limits.model_copy(deep=True)
        await original(FairUse(limits, self._buckets), tenant_id, plan)


@blind_defect(
    "CFG-09ub",
    "the next change makes the worker forget which keys need a restart",
    service="worker",
    scenario="A setting that cannot change while running waits for a restart",
    step="the same services report the same after another change",
)
def _() -> None:
    # Observable: change worker.lease_seconds, then log.level: "restart needed" is gone from the worker's health, and
    # its checksum is that of the files, while it still uses the former value.
    from apex.config.layers import flat
    from apex.config.live import Configuration

    @around(Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        original(self, wanted)
        self._values = dict(flat(wanted))
