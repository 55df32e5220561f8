"""Seeded defects of secrets that are replaced (CFG-02)."""

from __future__ import annotations

import resource
import subprocess
import threading
from typing import Any

from defects import Scenario
from defects._patching import around, replace
from defects.configuration._connections import connections_end_with_each_change

SUCCEEDED = "every request under load has succeeded"

busy = Scenario("A new signing key interrupts nobody", service="backend")
unread = Scenario("A log-in works before every service has read a new key", service="backend")
grace = Scenario("A replaced signing key is accepted until its grace period ends", service="analytics")
database = Scenario("A new database login interrupts nobody", service="backend")
cache = Scenario("A new cache login interrupts nobody", service="backend")
partner = Scenario("A new partner key is used from the next call on", service="tools")
shown = Scenario("No secret is visible outside of the configuration", service="worker")


def _accepted(answer: Any) -> None:
    """Whether a key that is to go is accepted is answered in another way."""
    from apex.settings import SigningKey

    original: Any = SigningKey.__dict__["is_accepted"].fget
    replace(SigningKey, "is_accepted", property(lambda key: answer(original, key)))


@busy.defect("CFG-02a", "a key that is to go is dropped at once", step=SUCCEEDED)
def _() -> None:
    _accepted(lambda original, key: key.accepted_until is None)


@unread.defect(
    "CFG-02b",
    "a token of a key that is not known yet is refused",
    step="the backend accepts each new access token at once",
)
def _() -> None:
    from apex.config.live import Configuration

    @around(Configuration, "refresh")
    def _(original: Any, self: Any) -> None:
        if threading.current_thread().name == "configuration":
            original(self)


@busy.defect(
    "CFG-02c",
    "with a new key everybody who watches is disconnected",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    connections_end_with_each_change()


@grace.defect(
    "CFG-02d",
    "a grace period never ends",
    step="every service refuses Acme's access token afterwards",
)
def _() -> None:
    _accepted(lambda original, key: True)


@grace.defect(
    "CFG-02e",
    "a grace period ends a few seconds early",
    step="every service accepts Acme's access token until the grace period ends",
    service="auth",
)
def _() -> None:
    from datetime import timedelta

    _accepted(
        lambda original, key: original(
            key.model_copy(update={"accepted_until": key.accepted_until and key.accepted_until - timedelta(seconds=3)})
        )
    )


@grace.defect(
    "CFG-02f",
    "tokens are signed with the last key",
    step="every service accepts a new access token of Acme",
    service="auth",
)
def _() -> None:
    from apex.auth import sessions

    @around(sessions, "access_token")
    def _(original: Any, settings: Any, claims: Any, seconds: float) -> str:
        auth = settings.auth.model_copy(update={"signing_keys": settings.auth.signing_keys[::-1]})
        return original(settings.model_copy(update={"auth": auth}), claims, seconds)  # type: ignore[no-any-return]


@database.defect(
    "CFG-02g",
    "a service keeps the database login of its start",
    step="every service has stopped using the old database login in time",
)
def _() -> None:
    from apex.config.live import Configuration

    @around(Configuration, "on_change")
    def _(original: Any, self: Any, prefix: str, call: Any) -> None:
        if prefix != "database.url":
            original(self, prefix, call)


@cache.defect(
    "CFG-02h",
    "a service keeps the cache login of its start",
    step="every service uses the new cache login after its connections were reset",
)
def _() -> None:
    from apex.http import buckets
    from apex.storage import impatient_redis, stream

    for module in (buckets, impatient_redis, stream):
        around(module, "connecting")(
            lambda original, address: original(address if isinstance(address, str) else address())
        )


@partner.defect(
    "CFG-02i",
    "the partner is shown the key of the start",
    step="the partner sees only the new key in Acme's calls in time",
)
def _() -> None:
    from apex.tools.dispatcher import PartnerKey

    around(PartnerKey, "__init__")(lambda original, self, partners: original(self, partners.model_copy()))


@shown.defect(
    "CFG-02j",
    "a change of the configuration is logged with its values",
    step="no log, no health report and no metric contains a secret",
)
def _() -> None:
    from apex.config import live

    @around(live.Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        original(self, wanted)
        live.log.info("configuration", **{key.replace(".", "_"): value for key, value in self._values.items()})


@shown.defect(
    "CFG-02k",
    "a program that a service starts is given its secrets",
    step="no process shows a secret in its command line or environment",
    service="tools",
)
def _() -> None:
    from apex.tools import app

    @around(app, "application")
    def _(original: Any, process: Any, *of: Any, **more: Any) -> Any:
        key = process.settings.internal.signing_key.get_secret_value()
        subprocess.Popen(["sleep", "30"], env={"PATH": "/usr/bin:/bin", "APEX_INTERNAL__SIGNING_KEY": key})
        return original(process, *of, **more)


@shown.defect(
    "CFG-02l",
    "a service that crashes may leave its memory on the disk",
    step="no process writes its memory to a disk when it crashes",
    service="analytics",
)
def _() -> None:
    from apex.analytics import app

    @around(app, "create")
    def _(original: Any, process: Any) -> Any:
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        return original(process)
