"""Reading the layers of a configuration: what each says, what of it holds, and everything that is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as SourceError

from apex.config.rules import broken_rules
from apex.config.schema import field_at, holds_secrets, known_names
from apex.settings import Settings

ENVIRONMENTS = Path(__file__).parents[1] / "environments"
_PREFIX, _VARIABLE = "APEX_", "environment variable"
_LARGEST = 1 << 20
_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """What is wrong: where it stands (a file or variable), at which key ("" for the file as a whole), and why."""

    source: str
    key: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.reason) if part)


class SettingsError(Exception):
    """The configuration cannot be used; ``faults`` are all that was found, and the text has a line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True)
class Files:
    """Where a deployment's configuration stands. ``variables``: what the environment said when the process began, and
    ``faults`` what was wrong with that.
    """

    deployment: Path
    secrets: Path | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @classmethod
    def given(cls, deployment: Path, secrets: Path | None = None) -> Files:
        """Those of this process. Its variables are taken out of the environment: no child is to inherit a secret."""
        names = sorted(name for name in os.environ if name.startswith(_PREFIX))
        faults = [
            Fault(f"{_VARIABLE} {name}", "", _no_such(key))
            for name in names
            if field_at(key := name.removeprefix(_PREFIX).lower().replace("__", ".")) is None
        ]
        variables: dict[str, Any] = {}
        try:
            variables = EnvSettingsSource(Settings)()
        except SourceError as error:
            faults.append(Fault(_VARIABLE, "", _first_line(error)))
        for name in names:
            del os.environ[name]
        return cls(deployment, secrets, variables, tuple(faults))

    def state(self) -> tuple[object, ...]:
        """Something that is another after every change of the files."""
        return tuple(_stamp(path) for path in (*_environment_files(), self.deployment, *_entries(self.secrets)))


def deployment_of(files: Files) -> str:
    """What kind of deployment the files say that it is, whatever else is wrong with them: "live" unless they do."""
    return str(files.variables.get("deployment") or _toml(files.deployment, []).get("deployment", "live"))


@dataclass(frozen=True)
class Loaded:
    """A configuration that can be used: its settings, and where each value stands that is not a default."""

    settings: Settings
    sources: Mapping[str, str]


def load(files: Files) -> Loaded:
    """Read and check a configuration.

    Raises:
        SettingsError: with every fault that there is.
    """
    unread: list[Fault] = []
    unknown = list(files.faults)
    deployment = _toml(files.deployment, unread)
    chosen = files.variables.get("environment") or deployment.get("environment")
    layers = [
        *((path.name, _toml(path, unread)) for path in _environment_files() if path.stem in ("base", chosen)),
        (str(files.deployment), deployment),
        *_secrets(files.secrets, unread, unknown),
        (_VARIABLE, files.variables),
    ]
    if unread:
        # What it would have said is not missing.
        raise SettingsError([*unread, *unknown])
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, values in layers:
        _merge(merged, values, source, sources, "")
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise SettingsError([*unknown, *_faults_of(error, sources, files)]) from None
    broken = [Fault(_source(key, sources, files), key, reason) for key, reason in broken_rules(settings)]
    if unknown or broken:
        raise SettingsError([*unknown, *broken])
    return Loaded(settings, sources)


def flat(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value by its key, ``worker.slots``; secrets are told, lists are one value."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _plain(value)


def checksum(values: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits that two processes share exactly when they run on the same values.

    Among these are secrets that cannot be guessed, so that nothing can be learned from it.
    """
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _merge(into: dict[str, Any], values: Mapping[str, Any], source: str, sources: dict[str, str], prefix: str) -> None:
    for name, value in values.items():
        if isinstance(value, Mapping):
            below = into.get(name)
            into[name] = below = dict(below) if isinstance(below, Mapping) else {}
            _merge(below, value, source, sources, f"{prefix}{name}.")
        else:
            into[name] = value
            sources[f"{prefix}{name}"] = source


def _faults_of(error: ValidationError, sources: Mapping[str, str], files: Files) -> Iterator[Fault]:
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"] if not str(part).startswith(("function-", "literal")))
        if fault["type"] == "missing":
            yield Fault(str(files.deployment), key, "missing; there is no default")
        elif fault["type"] == "extra_forbidden":
            yield Fault(_source(key, sources, files), key, _no_such(key))
        else:
            found = "" if holds_secrets(key) else f" (found {_short(fault['input'])})"
            reason = fault["msg"].removeprefix("Value error, ")
            yield Fault(_source(key, sources, files), key, reason + found)


def _source(key: str, sources: Mapping[str, str], files: Files) -> str:
    """Where a key, or what it is a part of, stands."""
    named = key
    while key not in sources and "." in key:
        within = next((source for known, source in sources.items() if known.startswith(f"{key}.")), None)
        if within:
            return within
        key = key.rpartition(".")[0]
    source = sources.get(key, str(files.deployment))
    return f"{_VARIABLE} {_PREFIX}{named.upper().replace('.', '__')}" if source == _VARIABLE else source


def _no_such(key: str) -> str:
    parent, _, name = key.rpartition(".")
    alike = difflib.get_close_matches(name, known_names(parent), n=1)
    return "there is no such setting" + (f"; did you mean '{alike[0]}'?" if alike else "")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _environment_files() -> list[Path]:
    # The basis comes first.
    return sorted(ENVIRONMENTS.glob("*.toml"), key=lambda path: (path.stem != "base", path.name))


def _toml(path: Path, faults: list[Fault]) -> dict[str, Any]:
    text = _text(path, faults)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The library quotes what it has found, and that may be a part of a secret.
        faults.append(Fault(str(path), "", f"not valid TOML: {_first_line(error)}"))
        return {}


class _Texts(EnvSettingsSource):
    """Reads texts that stand elsewhere as it reads variables."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        super().__init__(Settings, env_prefix="", env_nested_delimiter="__")

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return dict(self._texts)


def _secrets(directory: Path | None, unread: list[Fault], unknown: list[Fault]) -> list[tuple[str, dict[str, Any]]]:
    """A layer for each file of the directory."""
    if directory is None:
        return []
    if not directory.is_dir():
        unread.append(Fault(str(directory), "", "is no directory of secrets"))
        return []
    layers = []
    for path in _entries(directory):
        key = path.name.replace("__", ".")
        if field_at(key) is None:
            unknown.append(Fault(str(path), key, _no_such(key)))
            continue
        # Whoever writes a file ends its line.
        text = _text(path, unread).rstrip("\r\n")
        try:
            layers.append((str(path), _Texts({path.name: text})()))
        except SourceError as error:
            unread.append(Fault(str(path), key, _first_line(error)))
    return layers


def _entries(directory: Path | None) -> list[Path]:
    """The files of a directory of secrets; what begins with a dot belongs to whoever has put them there."""
    if directory is None or not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if not path.name.startswith("."))


def _text(path: Path, faults: list[Fault]) -> str:
    """What a file holds, without a byte order mark; "" with a fault."""
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"is larger than {_LARGEST} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        faults.append(Fault(str(path), "", f"cannot be read ({error.strerror})"))
    except UnicodeDecodeError as error:
        faults.append(Fault(str(path), "", f"is not UTF-8 (byte {error.start})"))
    except ValueError as error:
        faults.append(Fault(str(path), "", str(error)))
    return ""


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return str(path), error.errno
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
