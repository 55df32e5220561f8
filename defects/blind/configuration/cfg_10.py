"""Blind defects of CFG-10."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "CFG-10oa",
    "a number beyond its bounds is taken for the nearest one within them, and the start goes on",
    service="backend",
    scenario="Every service names all of its invalid settings",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: start the backend with worker.slots = 0, database.pool_size = 5000 or backend.port = 70000: it starts
    # (with 1, 1000 and 65535) instead of being refused with the key and the reason. With another fault beside it, that
    # one alone is named. What is no number is refused.
    from pydantic import ValidationError

    from apex.config import layers
    from apex.settings import Settings

    class Clamped(Settings):
        """Settings in which nobody's typing error keeps a service from its start."""

        def __init__(self, **given: Any) -> None:
            try:
                super().__init__(**given)
            except ValidationError as error:
                beyond = [fault for fault in error.errors() if fault["type"].endswith("_than_equal")]
                if not beyond:
                    raise
                for fault in beyond:
                    section: Any = given
                    for name in fault["loc"][:-1]:
                        section = section[name]
                    (section[fault["loc"][-1]],) = fault["ctx"].values()
                super().__init__(**given)

    replace(layers, "Settings", Clamped)


@blind_defect(
    "CFG-10pa",
    "of many faults a start names the first five",
    service="backend",
    scenario="No service starts without its required settings",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: start backend with a configuration that has eight missing or wrong settings: the message says that
    # there are 8 faults, names five of them and ends with "... and 3 more". Whoever repairs these is told of the rest
    # with the next attempt.
    from apex.config.layers import Fault, SettingsError

    most = 5

    def init(self: Any, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:most]]
        if len(self.faults) > most:
            lines.append(f"... and {len(self.faults) - most} more")
        Exception.__init__(self, "\n".join(lines))

    replace(SettingsError, "__init__", init)


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
    "CFG-10na",
    "of a wrong or missing setting only the first two parts are named",
    service="backend",
    scenario="Every service names all of its invalid settings",
    step="the start is refused with every fault, its place, its key and the reason",
)
def _() -> None:
    # Observable: start with a second signing key without its secret, or with rate_limits.free.burst = 0: the message
    # says "auth.signing_keys: missing" and "rate_limits.free: ...", not which entry and which of its settings.
    from apex.config import layers

    @around(layers, "_faults_of")
    def _(original: Any, *given: Any) -> Iterator[Any]:
        for fault in original(*given):
            yield layers.Fault(fault.source, ".".join(fault.key.split(".")[:2]), fault.reason)


@blind_defect(
    "CFG-10ma",
    "a file in the directory of secrets whose name is no setting is passed over",
    service="tools",
)
def _() -> None:
    # Observable: start the service with a mistyped file in the directory of secrets (partners__api_kee): it starts, and
    # uses no key, instead of being refused with exit code 78 and a line that names the file.
    from apex.config import layers

    @around(layers, "_secrets")
    def _(original: Any, directory: Any, unread: list[Any], unknown: list[Any]) -> Any:
        return original(directory, unread, [])
