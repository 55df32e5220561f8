"""Blind defects of configuration, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-01ua",
    "analytics reports the checksum of its start for ever",
    service="analytics",
    scenario="A valid candidate is confirmed with its checksum",
    step="every service reports the validated checksum once the candidate is deployed",
)
def _() -> None:
    # Observable: after any change that is taken over while it runs, the health of analytics has the checksum of
    # before; all others have the new one.
    from apex.config.live import Configuration

    original: Any = Configuration.checksum
    kept: dict[int, str] = {}

    @around(Configuration, "__init__")
    def _(init: Any, self: Any, *of: Any, **others: Any) -> None:
        init(self, *of, **others)
        kept[id(self)] = original.fget(self)

    replace(Configuration, "checksum", property(lambda self: kept[id(self)]))


@blind_defect("CFG-01ub", "in auth a table within a section replaces that of a weaker layer", service="auth")
def _() -> None:
    # Observable: a deployment of the environment test that sets one rate of auth.attempts: in auth the other rates of
    # test.toml are gone (the defaults hold), and its checksum differs from that of the others.
    from apex.config import layers

    @around(layers, "_merge")
    def _(original: Any, into: Any, values: Any, source: Any, sources: Any, prefix: str) -> None:
        for name, value in values.items():
            if prefix and isinstance(value, dict):
                into.pop(name, None)
        original(into, values, source, sources, prefix)


@blind_defect(
    "CFG-02ua",
    "analytics goes on with the signing keys of its start",
    service="analytics",
    scenario="A new signing key interrupts nobody",
    step="every request under load has succeeded",
)
def _() -> None:
    # Observable: after a rotation the tokens of the new key get a 401 at /v1/jobs until analytics is restarted, and
    # those of the key that was taken away are still good there.
    from apex.config import live

    @around(live, "_put")
    def _(original: Any, settings: Any, wanted: Any, names: list[str]) -> None:
        if names != ["auth", "signing_keys"]:
            original(settings, wanted, names)


@blind_defect(
    "CFG-02ub",
    "a reload logs the values that it has taken over",
    service="tools",
    scenario="No secret is visible outside of the configuration",
    step="no log, no health report and no metric contains a secret",
)
def _() -> None:
    # Observable: after a rotation the log of tools has the new signing secret (auth.signing_keys is no key that is
    # called a secret), or the password in an address.
    from apex.config import live

    @around(live.Configuration, "_take_over")
    def _(original: Any, self: Any, wanted: Any) -> None:
        before = dict(self._values)
        original(self, wanted)
        values = {
            key: value
            for key, value in self._values.items()
            if before.get(key) != value and "secret" not in key and "password" not in key
        }
        live.log.info("settings in use", values=values)


@blind_defect(
    "CFG-03ua",
    "auth does not hold its own address, issuer and audience against the others",
    service="auth",
    scenario="A service with contradicting settings does not start",
    step="the start is refused and the message names both sides",
)
def _() -> None:
    # Observable: with a backend running, auth is started with another issuer (or URL): it starts instead of being
    # refused. The other way about (backend after auth) is refused as ever.
    from apex.config.layers import SettingsError
    from apex.runtime import mesh

    @around(mesh, "require_fit")
    def _(original: Any, service: str, configuration: Any, store: Any) -> None:
        try:
            original(service, configuration, store)
        except SettingsError as error:
            faults = [fault for fault in error.faults if not fault.key.startswith(f"{service}.")]
            if faults:
                raise SettingsError(faults) from None


@blind_defect(
    "CFG-03ub",
    "analytics agrees on addresses only, not on issuer and audience",
    service="analytics",
    scenario="A service with contradicting settings does not start",
    step="the start is refused and the message names both sides",
)
def _() -> None:
    # Observable: analytics with another auth.issuer (or audience) than the running auth starts, and refuses every
    # customer's token afterwards.
    from apex.runtime import mesh

    replace(mesh, "AGREED", tuple(key for key in mesh.AGREED if key.endswith(".url")))


@blind_defect(
    "CFG-04ua",
    "analytics does not ask whose PostgreSQL it is",
    service="analytics",
    scenario="A service refuses a store of another environment",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: analytics of staging, given the database of production, starts; the other services are refused.
    from apex.storage.database import Database

    replace(Database, "require", lambda self, environment: None)


@blind_defect(
    "CFG-05ua",
    "an application's address is compared without its port",
    service="auth",
    scenario="A code is sent to an exactly registered address only",
    step="the request is refused because of the address",
)
def _() -> None:
    # Observable: https://app.example:8443/callback of staging is accepted where https://app.example/callback is
    # registered, instead of the 422.
    from urllib.parse import urlsplit

    from apex.auth.oauth import Applications

    def portless(address: str) -> tuple[str, str | None, str, str]:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.path, parts.query

    class AnyPort(list[str]):
        def __contains__(self, wanted: object) -> bool:
            return portless(str(wanted)) in map(portless, self)

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        client = original(self, client_id)
        return client and client.model_copy(update={"redirect_uris": AnyPort(client.redirect_uris)})


@blind_defect(
    "CFG-05ub",
    "an application is remembered as it was when it was first used",
    service="auth",
    scenario="A replaced address is refused while the platform runs",
    step="the request is refused at the former address and succeeds at the registered one in time",
)
def _() -> None:
    # Observable: an address of another environment, or a secret, that is taken away from an application while auth
    # runs (health says that it is taken over) is still accepted, and its successor is refused.
    from apex.auth.oauth import Applications

    remembered: dict[str, Any] = {}

    @around(Applications, "_client")
    def _(original: Any, self: Any, client_id: str) -> Any:
        if client_id not in remembered:
            client = original(self, client_id)
            if client is None:
                return None
            remembered[client_id] = client
        return remembered[client_id]


@blind_defect(
    "CFG-06ua",
    "staging counts as an environment in which nothing is real",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in staging a database without TLS, or with the credentials of development, is taken; production
    # refuses it.
    from apex.config import rules

    replace(rules, "_SHELTERED", (*rules._SHELTERED, "staging"))


@blind_defect(
    "CFG-06ub",
    "only database.url is looked at, database.owner_url is not",
    service="backend",
    scenario="Unfit database settings are refused",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: in production an owner_url without TLS, or with a password that everybody knows, is taken as long as
    # url is in order.
    from apex.config import rules

    def looking_away(name: str) -> None:
        @around(rules, name)
        def _(original: Any, settings: Any) -> Any:
            return (broken for broken in original(settings) if broken[0] != "database.owner_url")

    looking_away("_of_transport")
    looking_away("_of_secrets")


@blind_defect(
    "CFG-07ua",
    "analytics remembers an instance by its name, with the address of its first start",
    service="analytics",
    scenario="Every service notices that an instance has moved",
    step="every service sees it at its new address in time",
)
def _() -> None:
    # Observable: an instance that is started again under its name at another port: the mesh of analytics has the
    # former address, that of the others the new one.
    from apex.runtime.discovery import Registry

    remembered: dict[str, Any] = {}

    @around(Registry, "_known")
    def _(original: Any, self: Any) -> Any:
        settled, known = original(self)
        return settled, [remembered.setdefault(self._prefix + each.name, each) for each in known]


@blind_defect(
    "CFG-07ub",
    "a heartbeat only renews, it does not register again",
    service="analytics",
    scenario="Every service is found again after the cache has lost its data",
    step="all views are the same and show every running service in time",
)
def _() -> None:
    # Observable: after Redis has lost its data (or was away for longer than a lease) analytics, which works, is missing
    # in everybody's mesh until it is restarted.
    from apex.runtime.discovery import Registry

    registered: set[str] = set()

    @around(Registry, "register")
    def _(original: Any, self: Any, instance: Any) -> None:
        if instance.id not in registered:
            original(self, instance)
            registered.add(instance.id)
        else:
            lease = round(self.settings.lease_seconds * 1000)
            self._register.registered_client.pexpire(self._prefix + instance.name, lease)


@blind_defect(
    "CFG-08ua",
    "with --json a command that has found faults exits with 0",
    service="backend",
    scenario="Every fault of a candidate is reported at once",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: validate --json on a faulty candidate: the faults are printed, the exit code is that of a valid one.
    from apex.config import command

    @around(command, "_refuse")
    def _(original: Any, given: Any, error: Any) -> int:
        code = original(given, error)
        return 0 if given.json else code


@blind_defect(
    "CFG-08ub",
    "a bad value in the directory of secrets is said to be in the deployment's file",
    service="backend",
    scenario="Every fault of a candidate is reported at once",
    step="the report names every fault with its place, its key and the reason",
)
def _() -> None:
    # Observable: a too short signing key (or a bad URL) in --secrets: validate names the TOML file, in which the key
    # does not stand, instead of the secret's.
    from apex.config import layers

    @around(layers, "_source")
    def _(original: Any, key: str, sources: Any, files: Any) -> str:
        source: str = original(key, sources, files)
        is_secret = files.secrets is not None and source.startswith(f"{files.secrets}/")
        return str(files.deployment) if is_secret else source


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


@blind_defect(
    "CFG-10ua",
    "a refused start names the first five faults only",
    service="auth",
    scenario="No service starts without its required settings",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: a configuration of auth with more than five missing or invalid keys: the message counts all of them
    # and names five.
    from apex.config.layers import SettingsError

    def told(self: SettingsError) -> str:
        return "\n".join([*map(str, self.faults[:5]), *(["..."] if len(self.faults) > 5 else [])])

    replace(SettingsError, "__str__", told)


@blind_defect(
    "CFG-10ub",
    "a pool size that is out of bounds is silently put within them",
    service="backend",
    scenario="Every service names all of its invalid settings",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: database.pool_size = 0 (or 5000): the backend starts with 1 (or 1000), and validate says "valid",
    # instead of a refusal that names the key.
    from apex.settings import Settings

    @around(Settings, "__init__")
    def _(original: Any, self: Any, **values: Any) -> None:
        database: Any = values.get("database")
        size = database.get("pool_size") if isinstance(database, dict) else None
        if type(size) is int:
            values["database"] = {**database, "pool_size": min(max(size, 1), 1000)}
        original(self, **values)


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
    "CFG-12ua",
    "a secret's file loses the spaces at its ends, not just its line's end",
    service="backend",
    scenario="An odd text is kept as it is",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: a secret that begins or ends with a space, such as a signing key: the backend has another one than
    # auth (its checksum differs, tokens get a 401).
    from apex.config.layers import _Texts

    @around(_Texts, "__init__")
    def _(original: Any, self: Any, texts: Any) -> None:
        original(self, {name: text.strip() for name, text in texts.items()})


@blind_defect(
    "CFG-12ub",
    "$NAME in a value is replaced when there is such a variable",
    service="backend",
    scenario="An odd text is kept as it is",
    step="every service reports that name exactly, in time",
)
def _() -> None:
    # Observable: a secret or text in the deployment's file with $HOME or ${PATH} in it: show, and the backend, have the
    # variable's value instead of the text as it stands; $NONE stays, so that it is seldom seen.
    import os.path

    from apex.config import layers

    def expanded(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: expanded(each) for name, each in value.items()}
        if isinstance(value, list):
            return [expanded(each) for each in value]
        return os.path.expandvars(value) if isinstance(value, str) else value

    @around(layers, "_toml")
    def _(original: Any, path: Any, faults: Any) -> Any:
        return expanded(original(path, faults))


@blind_defect("CFG-02ya", "runs publish their events with the cache login of the start", service="worker")
def _() -> None:
    # Observable: replace the cache login and lock the old one: runs whose worker has to connect anew tell nothing. The
    # scenario of the cache login notices it in most plays only: connections that are open go on.
    from apex.storage.stream import EventStream
    from apex.worker.supervisor import Supervisor

    @around(Supervisor, "__init__")
    def _(original: Any, self: Any, database: Any, stream: Any, registry: Any, directory: Any, *of: Any) -> None:
        settings = of[0]
        own = EventStream(settings.redis.url.get_secret_value(), settings.backend.stream_window)
        original(self, database, own, registry, directory, *of)
