"""How a platform is configured: what the suite must know of its files and commands to operate it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A setting that scenarios change: its ``key``, and a valid value ``other`` than the deployed one, or what makes
    it of that.
    """

    key: str
    other: object


@dataclass(frozen=True)
class Configured:
    """Facts of a platform's configuration.

    ``command`` is the module that validates, shows and compares; ``services`` has the module of each service, by name.
    Exit codes for a configuration with faults: ``refused`` of a service, ``faulty`` of the command.

    ``settings`` are what scenarios change, by what operators call it; ``tuning`` are keys with values that make no
    difference to anybody. ``required`` are the keys without a default, ``shared`` the sections that stand in every
    environment's file, ``marked`` secrets that may be any long text. ``per_environment``: what keys begin with whose
    values may differ between ``environments``. ``variable``: what names of variables begin with. ``agreed`` are keys
    that services share, by what operators call them, ``agreed_default`` where the deployment has none.
    ``signing_keys``, ``applications`` and ``partner_key`` are keys with secrets; ``partner_header`` is what a partner
    sees. ``secret_endings``: what keys end with that hold secrets, or addresses with passwords. ``claim`` is the key of
    the cache that says whose it is.
    """

    command: str
    services: Mapping[str, str]
    settings: Mapping[str, Setting]
    tuning: Mapping[str, Sequence[object]]
    required: Sequence[str]
    shared: Sequence[str]
    marked: Sequence[str]
    per_environment: Sequence[str]
    environments: Sequence[str]
    variable: str
    agreed: Mapping[str, str]
    agreed_default: Mapping[str, str]
    signing_keys: str
    claim: str
    applications: str
    partner_key: str
    partner_header: str
    secret_endings: tuple[str, ...]
    refused: int
    faulty: int

    def variable_of(self, key: str) -> str:
        """The variable that sets a key."""
        return self.variable + key.upper().replace(".", "__")

    def keys_of(self, setting: str) -> list[str]:
        """The keys of a setting's values."""
        changed = self.settings[setting]
        within = changed.other if isinstance(changed.other, dict) else {}
        return [f"{changed.key}.{name}" for name in within] or [changed.key]

    @staticmethod
    def file_of(key: str) -> str:
        """The file of the secrets directory that sets a key."""
        return key.replace(".", "__")


@dataclass(frozen=True, order=True)
class MeshInstance:
    """A process as another one knows it: where it is reached, and where and how soon it tells its health."""

    name: str
    url: str
    health_path: str
    timeout_seconds: float


@dataclass(frozen=True)
class RunningConfiguration:
    """What a process says that it runs on. ``refused``: why the files as they are now are not used, by key;
    ``restart_needed``: the keys of which it uses an older value.
    """

    version: str
    checksum: str
    refused: Mapping[str, str]
    restart_needed: Sequence[str]
