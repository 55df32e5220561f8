"""Seeded defects of changes while the platform runs (CFG-09)."""

from __future__ import annotations

from typing import Any

from defects import Scenario
from defects._patching import around, replace
from defects.configuration._connections import connections_end_with_each_change

REFUSED = "every service refuses the change in time and says why"

limits = Scenario("A new rate limit holds in every service", service="analytics")
sign_up = Scenario("Sign-up is closed and opened without a restart", service="auth")
level = Scenario("A new log level holds in every process", service="worker")
capacity = Scenario("More worker capacity is used without a restart", service="worker")
pool = Scenario("A smaller database pool is kept to under load", service="backend")
busy = Scenario("A change interrupts no request, no run and no connection", service="backend")
invalid = Scenario("An invalid change leaves the old configuration in place", service="backend")
waits = Scenario("A setting that cannot change while running waits for a restart", service="tools")


@limits.defect(
    "CFG-09a",
    "a service goes by the rate limits of its start",
    step="Acme is held to the new limit in every service in time",
)
def _() -> None:
    from apex.http.fair_use import FairUse

    @around(FairUse, "__init__")
    def _(original: Any, self: Any, limits: Any, buckets: Any) -> None:
        original(self, limits.model_copy(deep=True), buckets)


@sign_up.defect("CFG-09b", "a change of a feature needs a restart", step="new customers can no longer sign up in time")
def _() -> None:
    from apex.config import live

    @around(live, "_put")
    def _(original: Any, settings: Any, wanted: Any, names: Any) -> None:
        if names[0] != "features":
            original(settings, wanted, names)


@sign_up.defect(
    "CFG-09c", "what was switched off stays so", step="new customers can sign up once the operator opens it again"
)
def _() -> None:
    from apex.config import live

    @around(live, "_put")
    def _(original: Any, settings: Any, wanted: Any, names: Any) -> None:
        if names[0] == "features":
            wanted.features.sign_up = wanted.features.sign_up and settings.features.sign_up
        original(settings, wanted, names)


@level.defect(
    "CFG-09d",
    "a new log level is that of libraries alone",
    step="no service logs Acme's work any more",
)
def _() -> None:
    from apex.runtime import telemetry

    @around(telemetry._Level, "drop_below")
    def _(original: Any, self: Any, logger: Any, method: str, event: Any) -> Any:
        return event if method == "info" else original(self, logger, method, event)


@level.defect(
    "CFG-09e",
    "a log level can only be raised",
    step="every service logs Acme's work once the log level is back",
    service="tools",
)
def _() -> None:
    from apex.runtime import telemetry

    @around(telemetry, "set_log_level")
    def _(original: Any, name: str) -> None:
        before = telemetry._level.number
        original(name)
        telemetry._level.number = max(before, telemetry._level.number)


@capacity.defect("CFG-09f", "a worker has the slots of its start", step="Acme's waiting run completes in time")
def _() -> None:
    from apex.config.live import Configuration

    @around(Configuration, "on_change")
    def _(original: Any, self: Any, prefix: str, call: Any) -> None:
        if prefix != "worker.slots":
            original(self, prefix, call)


@pool.defect(
    "CFG-09g",
    "a smaller pool gives back no connection",
    step="many requests of Acme at once use at most two database sessions",
)
def _() -> None:
    from apex.storage import database

    kept: list[Any] = []
    replace(database, "retire", kept.append)


@pool.defect(
    "CFG-09h",
    "whoever finds no connection free at once is refused after a change",
    step="every request under load has succeeded",
)
def _() -> None:
    from apex.storage import pool

    @around(pool, "create_engine")
    def _(original: Any, url: Any, **options: Any) -> Any:
        if options["pool_size"] == 2:
            options["pool_timeout"] = 0.001
        return original(url, **options)


@busy.defect(
    "CFG-09i",
    "every change closes the connections of those who watch",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    connections_end_with_each_change()


@busy.defect(
    "CFG-09j",
    "a change of the pool ends the transactions at work",
    step="every request under load has succeeded",
)
def _() -> None:
    from sqlalchemy import event

    from apex.storage.database import Database

    @around(Database, "_engines")
    def _(original: Any, self: Any) -> Any:
        engine, reader = original(self)
        engine.there = []
        event.listen(engine, "connect", lambda connection, _: engine.there.append(connection))
        return engine, reader

    @around(Database, "renew")
    def _(original: Any, self: Any) -> None:
        former = self.engine
        original(self)
        for connection in former.there:
            connection.cancel()


@invalid.defect("CFG-09k", "an invalid value is replaced by its default", step=REFUSED)
def _() -> None:
    from pydantic import ValidationError

    from apex.config import layers

    @around(layers, "Settings")
    def _(original: Any, **values: Any) -> Any:
        try:
            return original(**values)
        except ValidationError as error:
            for fault in error.errors():
                section: Any = values
                for name in fault["loc"][:-1]:
                    section = section[name]
                section.pop(fault["loc"][-1], None)
            if "free" in values.get("rate_limits", {}):
                del values["rate_limits"]["free"]
            return original(**values)


@invalid.defect("CFG-09l", "that a change is refused stands in the log alone", step=REFUSED, service="analytics")
def _() -> None:
    from apex.runtime import service

    @around(service, "_running")
    def _(original: Any, configuration: Any) -> Any:
        return original(configuration).model_copy(update={"refused": {}})


@invalid.defect(
    "CFG-09m",
    "after a change that was refused no other is looked at",
    step="the next valid change takes effect in time",
    service="worker",
)
def _() -> None:
    from apex.config.live import Configuration

    @around(Configuration, "refresh")
    def _(original: Any, self: Any) -> None:
        if not self.refused:
            original(self)


@waits.defect(
    "CFG-09n",
    "what cannot change while the service runs is passed over in silence",
    step="every service that uses the <setting> reports that it must be restarted",
)
def _() -> None:
    from apex.runtime import service

    @around(service, "_running")
    def _(original: Any, configuration: Any) -> Any:
        return original(configuration).model_copy(update={"restart_needed": []})
