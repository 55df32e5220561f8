"""Blind defects of CFG-03."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-03ra",
    "the owner of a setting starts without a look at those who use it",
    service="auth",
    scenario="A service with contradicting settings does not start",
    step="the start is refused and the message names both sides",
)
def _() -> None:
    # Observable: with the other services running, start auth with another auth.issuer (or auth.url, auth.audience) than
    # theirs: it starts, and backend refuses every token that it gives. The other way round, backend started after auth,
    # the start is refused with both sides named.
    import redis
    from redis.exceptions import RedisError

    from apex.config.layers import Fault, SettingsError
    from apex.config.live import Configuration
    from apex.runtime import mesh

    def require_fit(service: str, configuration: Configuration, store: redis.Redis) -> None:
        settings = configuration.settings
        try:
            store.set(mesh._ENVIRONMENT, settings.environment, nx=True)
            environment = str(store.get(mesh._ENVIRONMENT))
            running = {name: registry.instances() for name, registry in mesh._registries(store, settings).items()}
        except RedisError as error:
            mesh.log.warning("agreement with the other services not looked at", reason=type(error).__name__)
            return
        if environment != settings.environment:
            reason = f"this Redis belongs to the environment {environment}, and this is {settings.environment}"
            raise SettingsError([Fault("", "redis.url", reason)])
        faults = [
            Fault("", key, f"is '{value}' here and '{instance.agreed[key]}' at {instance.name}")
            for key, value in mesh._agreed(configuration).items()
            for other, instances in running.items()
            for instance in instances
            if key.partition(".")[0] == other and instance.agreed.get(key, value) != value
        ]
        if faults:
            raise SettingsError(faults)

    replace(mesh, "require_fit", require_fit)


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
