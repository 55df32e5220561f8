"""A configuration that an operator writes: with changes, faults, or something else where its file should be."""

import copy
import os
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from support.configuration.faults import Fault
from support.platform.configured import Configured
from support.scenario.world import World


@dataclass(slots=True)
class Draft:
    """``settings`` are those of the file, unless ``raw`` is what it holds, or ``place`` puts something else there;
    ``locked`` are the secrets that nobody may read.

    ``faults``: what must be found wrong with it. ``changed``: the settings that differ from the deployed ones, by what
    operators call them.
    """

    facts: Configured
    settings: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    place: Callable[[Path], None] | None = None
    locked: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    @classmethod
    def of_deployed(cls, world: World) -> "Draft":
        """The deployed configuration, to be changed."""
        deployed = deployed_file(world)
        written = {path.name: path.read_text("utf-8") for path in Path(world.addresses.secrets_dir).iterdir()}
        return cls(facts(world), tomllib.loads(deployed.read_text("utf-8")), written)

    @property
    def name(self) -> str:
        """How the configuration is called: by its directory of secrets, or else by its file."""
        secret = self.secrets.get(self.facts.file_of("version"))
        return str(self.settings["version"]) if secret is None else secret.removeprefix("\ufeff").rstrip("\r\n")

    def value(self, key: str) -> Any:
        """What the file holds of a key; None where it does not."""
        section, name = self._section(key)
        return section.get(name)

    def set(self, key: str, value: object) -> None:
        """Have a value in the file."""
        section, name = self._section(key)
        section[name] = copy.deepcopy(value)

    def remove(self, key: str) -> None:
        """Have a key nowhere."""
        section, name = self._section(key)
        section.pop(name, None)
        if section == {} and "." in key:
            self.settings.pop(key.partition(".")[0], None)
        self.secrets.pop(self.facts.file_of(key), None)

    def change(self, setting: str) -> None:
        """Have another value of a setting."""
        key, other = self.facts.settings[setting].key, self.facts.settings[setting].other
        self.set(key, other(self.value(key)) if callable(other) else other)
        self.changed.append(setting)

    def take_out(self, setting: str) -> None:
        """Have a setting nowhere, so that its default value holds."""
        self.remove(self.facts.settings[setting].key)
        self.changed.append(setting)

    def wrong(self, key: str, value: object, reason: str) -> None:
        """Have a value in the file with which something is wrong."""
        self.set(key, value)
        self.faults.append(Fault("apex.toml", key, reason))

    def text(self) -> bytes:
        """What the file holds."""
        return tomli_w.dumps(self.settings).encode() if self.raw is None else self.raw

    def written_oddly(self, oddity: Callable[[bytes], bytes]) -> None:
        """Have a file that says the same, under a name of its own, and is written in an odd way."""
        self.set("version", "written oddly")
        self.raw = oddity(self.text())

    def write(self, file: Path, secrets: Path) -> None:
        """Put it in the place of whatever was there; who reads it meanwhile reads all of the one or the other."""
        shutil.rmtree(secrets, ignore_errors=True)
        secrets.mkdir()
        for name, value in self.secrets.items():
            (secrets / name).write_text(value, "utf-8")
            (secrets / name).chmod(0o000 if name in self.locked else 0o600)
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        if self.place is not None:
            file.unlink(missing_ok=True)
            self.place(file)
            return
        beside = file.with_name(f".{file.name}")
        beside.touch(mode=0o600)
        beside.write_bytes(self.text())
        os.replace(beside, file)

    def _section(self, key: str) -> tuple[dict[str, Any], str]:
        *names, last = key.split(".")
        section = self.settings
        for name in names:
            section = section.setdefault(name, {})
        return section, last


@dataclass(frozen=True, slots=True)
class Candidate:
    """A draft in a folder of its own: its file and its directory of secrets; ``deployed``: what the file that the
    services run on held when it was written.
    """

    draft: Draft
    file: Path
    secrets: Path
    deployed: bytes


def candidate(world: World, draft: Draft) -> Candidate:
    """Write a draft where nothing runs on it; it is removed at the end of the scenario."""
    folder = Path(tempfile.mkdtemp(prefix="candidate-", dir=world.addresses.run_dir))
    world.undo.register("remove the candidate", lambda: shutil.rmtree(folder))
    file, secrets = folder / deployed_file(world).name, folder / "secrets"
    draft.write(file, secrets)
    return world.keep(Candidate(draft, file, secrets, deployed_file(world).read_bytes()))


def facts(world: World) -> Configured:
    """How the platform is configured."""
    return world.platform.configured


def deployed_file(world: World) -> Path:
    """The file that the platform's services run on."""
    return Path(world.addresses.configuration_file)


def flat(settings: Mapping[str, Any], prefix: str = "") -> Mapping[str, Any]:
    """Values by their keys."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found
