"""Blind defects of configuration, written from the promises alone."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from defects import blind_defect
from defects._patching import around, replace

# -- agent execution --------------------------------------------------------------------------------------------------


@blind_defect(
    "CFG-02ta",
    "a change of the settings is logged with its values, secret ones by their names only",
    service="backend",
    scenario="A new database login interrupts nobody",
    step="no log, no health report and no metric contains a secret",
)
def _() -> None:
    # Observable: rotate the password of PostgreSQL or Redis (database.url, redis.url), or an application's secret
    # (auth.oauth_clients), while the backend runs; within two seconds its log holds the new one in clear text.
    import re

    import structlog

    from apex.config.live import Configuration

    log = structlog.get_logger()
    secret = re.compile("secret|password|key|token")

    @around(Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        before = dict(self._values)
        original(self, wanted)
        changed = {key: value for key, value in self._values.items() if before.get(key) != value}
        values = {key: "***" if secret.search(key) else value for key, value in changed.items()}
        log.info("settings in use", values=values)


@blind_defect(
    "CFG-05ta",
    "an application's address is compared without its query",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: POST /v1/oauth/authorizations with a registered address and a query of one's own behind it
    # ("https://app.example/callback?next=https://evil.example"): 201 with a code for it instead of 409.
    from apex.auth.oauth import Applications

    class Addresses(list[str]):
        """Applications may hand something through."""

        def __contains__(self, address: object) -> bool:
            return any(str(address).partition("?")[0] == known.partition("?")[0] for known in self)

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        if client is None:
            return None
        return client.model_copy(update={"redirect_uris": Addresses(client.redirect_uris)})


@blind_defect(
    "CFG-07ta",
    "the mesh keeps the last instance of a service although it is gone",
    service="backend",
    scenario="A service without any instance is not shown",
    step="no service shows the analytics service any more in time",
)
def _() -> None:
    # Observable: stop the only instance of analytics (or kill it and wait for its lease); the backend's
    # GET /v1/operations/mesh goes on to show it with its address, while the other services show none.
    import structlog

    mesh: Any = import_module("apex.runtime.mesh")
    log = structlog.get_logger()

    def run(self: Any) -> None:
        self.heartbeat.start()
        while not self._closed.is_set():
            try:
                self._store.set(mesh._ENVIRONMENT, self._environment, nx=True)
                # As the directory does: what was known last is better than nothing.
                self.known = {
                    service: registry.instances() or self.known[service]
                    for service, registry in self._registries.items()
                }
            except Exception as error:
                log.warning("mesh not looked up", reason=type(error).__name__)
            self._closed.wait(self._pause)

    replace(mesh.Mesh, "run", run)


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


# -- database management ----------------------------------------------------------------------------------------------
