"""A platform that can be judged: the folder ``targets/<name>`` says what the suite has to know of it.

``target.schema.json`` beside this module says what ``target.toml`` holds; ``docs/your-platform.md`` explains it.
"""

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from support.platform import description
from support.platform.capabilities import EVERYTHING, Capability
from support.platform.components import Component, Part
from support.platform.deviations import Deviations
from support.platform.driver import Driver
from support.platform.http import HttpDriver, Recorder
from support.platform.outside import out_of_reach
from support.redaction import know_secret
from support.refusal import Refusal
from support.settings import CHECKOUT
from support.stack.client import Addresses
from support.stack.modes import in_mode, turned_on_in

FOLDER = CHECKOUT / "targets"


@dataclass(frozen=True)
class Endpoints:
    """What is agreed of a platform's endpoints, each by its method and path; the platform is not asked for it.

    ``roles`` may call an endpoint; ``permissions`` is what the others lack. ``resources`` are the names of parameters,
    by what they name. ``groups`` are endpoints, or parameters, with something special, by what that is. ``bodies`` and
    ``queries`` are those of valid requests, where the published schema alone does not lead to one.
    """

    roles: Mapping[str, frozenset[str]]
    permissions: Mapping[str, str]
    resources: Mapping[str, str]
    groups: Mapping[str, frozenset[str]]
    bodies: Mapping[str, Mapping[str, Any]]
    queries: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, file: Path) -> "Endpoints":
        """Read the file of a target."""
        written = tomllib.loads(file.read_text("utf-8"))
        return cls(
            {place: frozenset(roles) for place, roles in written["roles"].items()},
            written["permissions"],
            written["resources"],
            {name: frozenset(places) for name, places in written["groups"].items()},
            written.get("bodies", {}),
            written.get("queries", {}),
        )


@dataclass(frozen=True)
class Ownership:
    """Whose what is stored is, for eyes that look past the platform.

    ``columns`` hold the id of a tenant or of a user; of several that a table has, the first one counts, and what
    stands in a table that has none of them is nobody's. ``tables`` say it with an expression over the row ``t``, where
    no column does. A key of the cache is theirs whose id, or the id of one of whose runs, is part of its name.

    ``runs`` is a statement that gives the fields of ``support.oracles.story.StoredRun``, of the tenants ``%(tenants)s``
    (an array); ``run_ids`` gives the ids of all runs.

    ``event_streams`` and ``epochs`` are what the names of keys begin with that hold the events of a user and the epoch
    of these; empty where the suite knows of no such keys, so that only what users have received is known. The keys of
    ``counters`` hold numbers only, so that they need not be read; of ``lasting`` ones there are few, which need not
    expire. ``sessions`` are the names, or the roles, of its sessions in the database, where they are not those of its
    instances. ``run_request`` are two tables that a request for a run writes to, the earlier one first.
    """

    columns: Sequence[str]
    runs: str
    run_ids: str
    event_streams: str = ""
    epochs: str = ""
    counters: Sequence[str] = ()
    lasting: Sequence[str] = ()
    sessions: Sequence[str] = ()
    run_request: Sequence[str] = ()
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A setting of the platform that differs from its default, and why."""

    value: str | int | float | bool
    reason: str

    @property
    def shown(self) -> str:
        """The value as a file of settings has it."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True)
class Target:
    """A platform as its folder describes it."""

    name: str
    folder: Path
    driver_class: type[HttpDriver]
    capabilities: frozenset[Capability]
    instances: Sequence[str]
    limits: Mapping[str, int]
    ownership: Ownership | None
    parts: Mapping[Component, Part]
    settings: Mapping[str, Setting]
    contract: Path | None
    known: Deviations
    off: Mapping[Capability, str] = field(default_factory=dict)
    """Capabilities that the run itself has turned off, each with why; and those of other modes, with how."""
    runs_already: bool = False
    """Whether it was there before the run, which then touches nothing of it but what customers can."""

    @classmethod
    def load(cls, name: str, mode: str = "") -> "Target":
        """The target of that name, or of the folder at that path, in one of its modes.

        :raises Refusal: its description lacks something or says something unknown; a line for each fault.
        """
        folder = FOLDER / name
        written, file = description.read(folder), folder / "target.toml"
        try:
            written = in_mode(written, mode)
            off = out_of_reach(written)
            elsewhere = {Capability[name.upper()]: how for name, how in turned_on_in(written).items()}
            driver, capabilities = (
                _class(written["driver"], folder),
                _capabilities(written["capabilities"]) - off.keys(),
            )
            if lacking := missing_verbs(driver, capabilities):
                raise Refusal("\n".join(f"{file}: {written['driver']} {each}" for each in lacking))
            return cls(
                folder.name,
                folder,
                driver,
                capabilities,
                written.get("instances", ()),
                written["limits"],
                Ownership(**written["ownership"]) if "platform" in written else None,
                _parts(written),
                {name: Setting(**setting) for name, setting in written.get("settings", {}).items()},
                CHECKOUT / written["contract"] if "contract" in written else None,
                _known(folder / "known.toml"),
                {**elsewhere, **off},
                "addresses" in written,
            )
        except (ValueError, TypeError, ImportError, AttributeError, OSError, SyntaxError) as error:
            raise Refusal(f"{file}: {type(error).__name__}: {error}") from None

    def driver(self, addresses: Addresses, record: Recorder | None = None) -> HttpDriver:
        """A driver of the platform of a running stack.

        :param record: is handed every outcome.
        """
        driver = self.driver_class.at(addresses, record)
        driver.ca_file = addresses.ca_file
        for secret in addresses.credentials.values():
            know_secret(secret)
        return driver

    def described(self, version: str) -> dict[str, Any]:
        """The platform of a run, as reports have it."""
        settings = {name: asdict(setting) for name, setting in self.settings.items()}
        return {"name": self.name, "version": version, "settings": settings}

    @cached_property
    def endpoints(self) -> Endpoints:
        """What is agreed of its endpoints."""
        return Endpoints.read(self.folder / "endpoints.toml")

    @property
    def database_servers(self) -> list[Component]:
        """The servers of its database, those that only follow included."""
        return [each for each in (Component.DATABASE, Component.REPLICA) if each in self.parts]

    def of_kind(self, kind: str) -> list[str]:
        """The instances of a kind of service, by their names."""
        return [name for name in self.instances if kind_of(name) == kind]

    def part(self, component: "Component | str") -> Part:
        """What a component is called in the stack; a service or link that goes by its own name has that everywhere."""
        if isinstance(component, str):
            return Part(component, component, component)
        return self.parts[component]


def kind_of(instance: str) -> str:
    """What an instance is one of: the worker-2 a worker, the auth service alone its own kind."""
    return instance.partition("-")[0]


def missing_verbs(driver: type[HttpDriver], capabilities: frozenset[Capability]) -> list[str]:
    """The verbs that a driver has not written although every platform needs them, or one with its capabilities does."""
    found = []
    for name, verb in vars(Driver).items():
        is_written = getattr(driver, name) is not verb
        needed: Capability | None = getattr(verb, "capability", None)
        if callable(verb) and not is_written and needed in capabilities:
            found.append(f"lacks the verb {name}, which the capability {needed.name.lower()} needs")
        elif getattr(verb, "__code__", None) and not is_written and "NotImplementedError" in verb.__code__.co_names:
            found.append(f"lacks the verb {name}, which every platform needs")
    return found


def _parts(written: Mapping[str, Any]) -> Mapping[Component, Part]:
    if "addresses" in written:
        # Nothing of it is in the stack but the link to its API.
        return {component: Part(component.value, component.value, component.value) for component in Component}
    return {Component(part): _part(**names) for part, names in written["components"].items()}


def _part(service: str, link: str | None = None, logs: str | None = None) -> Part:
    return Part(service, link or service, logs or service)


def _known(file: Path) -> Deviations:
    try:
        return Deviations.read(file)
    except ValueError as error:
        raise Refusal(f"{file}: {error}") from None


def _class(spec: str, folder: Path) -> type[HttpDriver]:
    place, _, name = spec.partition(":")
    found: Any = getattr(_module(folder / place) if place.endswith(".py") else import_module(place), name)
    return found  # type: ignore[no-any-return]


def _module(file: Path) -> ModuleType:
    """A file of a target's folder as a module, whatever other modules are called."""
    spec = spec_from_file_location(f"target_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _capabilities(written: str | Sequence[str]) -> frozenset[Capability]:
    if written == "all":
        return EVERYTHING
    return frozenset(Capability[name.upper()] for name in written)
