"""The one place where configuration enters the platform.

Layers, weakest first: defaults here, ``apex/environments/<environment>.toml``, the file given with ``--config``,
and environment variables such as ``APEX_DATABASE__URL``.
"""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from apex.http.values import Email

Environment = Literal["test", "development", "staging", "production"]
ENVIRONMENTS = Path(__file__).parent / "environments"


class SettingsError(Exception):
    """The configuration cannot be used; the message names every fault with its key."""


class SigningKey(BaseModel):
    """A key for access tokens, found by its ``id``."""

    id: str
    secret: SecretStr = Field(min_length=32)


class Listener(BaseModel):
    """Where a service listens, and the URL at which the others reach it."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    url: str = ""


class Rate(BaseModel):
    """``burst`` requests at once, and ``per_second`` in the long run."""

    burst: int = Field(ge=1)
    per_second: float = Field(gt=0)


class AttemptLimits(BaseModel):
    """How often somebody may fail to get in: from one ``address``, at one ``account`` from there (or from one device
    that is known to it), and at one account from ``everywhere``; ``sign_ups``: how often one address may sign up.
    """

    address: Rate = Rate(burst=100, per_second=1)
    account: Rate = Rate(burst=10, per_second=1 / 30)
    everywhere: Rate = Rate(burst=100, per_second=1 / 30)
    sign_ups: Rate = Rate(burst=20, per_second=1 / 60)


class Auth(Listener):
    """The first of ``signing_keys`` signs, all are accepted; lives are in seconds."""

    issuer: str
    audience: str = "apex-api"
    signing_keys: list[SigningKey] = Field(min_length=1)
    access_token_seconds: int = 900
    refresh_token_seconds: int = 14 * 24 * 3600
    invitation_seconds: int = 7 * 24 * 3600
    device_token_seconds: int = 180 * 24 * 3600
    attempts: AttemptLimits = AttemptLimits()
    password_hash: Literal["strong", "minimum"] = "strong"
    operator_email: Email | None = None
    operator_password: SecretStr | None = None


class Backend(Listener):
    """``stream_window``: events kept for a resume; ``connection_buffer``: events waiting for a slow reader."""

    allowed_origins: list[str] = []
    stream_window: int = Field(default=5_000, ge=1)
    heartbeat_seconds: float = Field(default=20, gt=0)
    heartbeat_timeout_seconds: float = Field(default=20, gt=0)
    connection_buffer: int = Field(default=64, ge=1)


class Worker(Listener):
    """``slots``: runs at once in a process; ``calls_at_once``: tool calls at once of a run; ``lease_seconds``: when a
    silent worker counts as lost; ``stop_seconds``: how long the runs in hand of a worker that is to stop may go on.
    """

    slots: int = Field(default=4, ge=1)
    calls_at_once: int = Field(default=8, ge=1)
    lease_seconds: float = Field(default=8, gt=0)
    heartbeat_seconds: float = Field(default=2, gt=0)
    run_seconds: float = Field(default=300, gt=0)
    stop_seconds: float = Field(default=20, ge=0)


class Tools(Listener):
    """``call_seconds``: the longest that a tool may take; ``threads``: calls into customers' clouds at once of an
    instance, and ``threads_per_tenant`` of one tenant.
    """

    call_seconds: float = Field(default=120, gt=0)
    threads: int = Field(default=32, ge=1)
    threads_per_tenant: int = Field(default=6, ge=1)


class Requests(BaseModel):
    """What a request may hold, and how long it may take to come in: first its line and headers, then its body.

    ``max_nesting`` counts the levels of JSON lists and objects in one another.
    """

    max_head_bytes: int = Field(default=32 * 1024, ge=1)
    head_seconds: float = Field(default=20, gt=0)
    body_seconds: float = Field(default=60, gt=0)
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1)
    max_nesting: int = Field(default=200, ge=1)


class RateLimits(BaseModel):
    """How often a tenant may ask, by its plan; the platform's own tenant (its operators) as often as it likes."""

    free: Rate = Rate(burst=60, per_second=2)
    early: Rate = Rate(burst=120, per_second=5)
    mid: Rate = Rate(burst=300, per_second=20)
    enterprise: Rate = Rate(burst=1_000, per_second=100)
    platform: Rate | None = None


class Internal(BaseModel):
    """The key with which services vouch for each other."""

    signing_key: SecretStr = Field(min_length=32)


class Database(BaseModel):
    """``url``: the role of the services; ``owner_url``: the owner of the tables, for migrations only."""

    url: SecretStr
    owner_url: SecretStr
    pool_size: int = Field(default=10, ge=1)


class Discovery(BaseModel):
    """Instances say every ``heartbeat_seconds`` that they are there; silent for ``lease_seconds``, they are gone."""

    heartbeat_seconds: float = Field(default=2, gt=0)
    lease_seconds: float = Field(default=10, gt=0)


class Redis(BaseModel):
    """Where events, and the instances that are there, are kept."""

    url: SecretStr


class ClickHouse(BaseModel):
    """Where finished runs are kept."""

    url: SecretStr


class Cloud(BaseModel):
    """The platform's own cloud account, from which it assumes the tenants' roles."""

    endpoint_url: str | None = None
    region: str = "us-east-1"
    access_key_id: SecretStr
    secret_access_key: SecretStr


class Partners(BaseModel):
    """APIs of other companies."""

    pricing_url: str


class Plugins(BaseModel):
    """Where agents and tools are found beside the built-in ones."""

    directory: Path | None = None


class Log(BaseModel):
    """From which level on a line is written."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """The settings of every service; see the module for the layers.

    ``trusted_proxies``: addresses or networks of the load balancers whose ``X-Forwarded-For`` is believed.
    """

    model_config = SettingsConfigDict(env_prefix="APEX_", env_nested_delimiter="__", extra="forbid")

    environment: Environment
    deployment: Literal["live", "rehearsal"] = "live"
    trusted_proxies: list[IPv4Network | IPv6Network] = []
    auth: Auth
    backend: Backend = Backend()
    worker: Worker = Worker()
    tools: Tools = Tools()
    analytics: Listener = Listener()
    requests: Requests = Requests()
    rate_limits: RateLimits = RateLimits()
    internal: Internal
    database: Database
    redis: Redis
    discovery: Discovery = Discovery()
    clickhouse: ClickHouse
    cloud: Cloud
    partners: Partners
    plugins: Plugins = Plugins()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load(config: Path) -> Settings:
    """Read the layered settings; ``config`` is the deployment's TOML file.

    Raises:
        SettingsError: naming the file and every missing, unknown or invalid key at once.
    """
    deployment = _read(config)
    environment = deployment.get("environment")
    layer = ENVIRONMENTS / f"{environment}.toml"
    base = _read(layer) if layer.is_file() else {}
    try:
        return Settings(**_merged(base, deployment))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"{config}: {faults}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML ({error})") from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
