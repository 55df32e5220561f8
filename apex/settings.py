"""The one schema of the platform's configuration; ``apex.config`` reads and checks it, and takes changes over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from apex.http.values import Email

Environment = Literal["test", "development", "staging", "production"]
LONGEST = 4096
"""Characters of a text: what is longer was never meant as one."""
_SHORTEST_KEY = 32


def _checked(value: Any) -> Any:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not text.strip():
        raise ValueError("Should not be blank")
    if len(text) > LONGEST:
        raise ValueError(f"Should have at most {LONGEST} characters, and has {len(text)}")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("Should hold no line breaks or other control characters")
    return value


def _no_guess(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SHORTEST_KEY:
        raise ValueError(f"Should have at least {_SHORTEST_KEY} characters")
    return value


def _url(*schemes: str) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        parts = urlsplit(value.get_secret_value() if isinstance(value, SecretStr) else value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"Should be a URL that begins with {' or '.join(f'{each}://' for each in schemes)}")
        _ = parts.port  # a ValueError where it is none
        return value

    return checked


def _place(value: str) -> str:
    parts = urlsplit(f"//{value}")
    if not parts.hostname or parts.port is None or parts.netloc != value or parts.username:
        raise ValueError("Should be a host and a port, as in 'replica.example:5432'")
    return value


Text = Annotated[str, AfterValidator(_checked)]
Place = Annotated[str, AfterValidator(_checked), AfterValidator(_place)]
Secret = Annotated[SecretStr, AfterValidator(_checked)]
KeySecret = Annotated[SecretStr, AfterValidator(_checked), AfterValidator(_no_guess)]
Url = Annotated[str, AfterValidator(_checked), AfterValidator(_url("http", "https"))]
UrlOrNone = Annotated[str, AfterValidator(lambda value: value and _url("http", "https")(_checked(value)))]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked), AfterValidator(_url("postgresql", "postgres"))]
RedisUrl = Annotated[SecretStr, AfterValidator(_checked), AfterValidator(_url("redis", "rediss"))]
ClickHouseUrl = Annotated[SecretStr, AfterValidator(_checked), AfterValidator(_url("http", "https"))]


class Section(BaseModel):
    """A part of the settings; a key that there is not is a mistake, and so is ``true`` for a number."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_as_number(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        numbers = {name for name, field in cls.model_fields.items() if field.annotation in (int, float)}
        return {
            key: str(value).lower() if key in numbers and isinstance(value, bool) else value
            for key, value in given.items()
        }


class SigningKey(Section):
    """A key for access tokens, found by its ``id``. One that is to go is accepted until a moment, so that the tokens
    that it has signed can be used to their end.
    """

    id: Text
    secret: KeySecret
    accepted_until: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether what it has signed is still good."""
        return self.accepted_until is None or datetime.now(UTC) < self.accepted_until


class Listener(Section):
    """Where a service listens, and the URL at which the others reach it."""

    host: Text = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    url: UrlOrNone = ""


class Rate(Section):
    """``burst`` requests at once, and ``per_second`` in the long run."""

    burst: int = Field(ge=1)
    per_second: float = Field(gt=0)


class AttemptLimits(Section):
    """How often somebody may fail to get in: from one ``address``, at one ``account`` from there (or from one device
    that is known to it), and at one account from ``everywhere``; ``sign_ups``: how often one address may sign up.
    """

    address: Rate = Rate(burst=100, per_second=1)
    account: Rate = Rate(burst=10, per_second=1 / 30)
    everywhere: Rate = Rate(burst=100, per_second=1 / 30)
    sign_ups: Rate = Rate(burst=20, per_second=1 / 60)


class OAuthClient(Section):
    """An application of somebody else that customers let act for them; it gets its codes at these addresses alone."""

    id: Text
    secret: KeySecret
    redirect_uris: list[Url] = Field(min_length=1)


class Auth(Listener):
    """The first of ``signing_keys`` signs, all are accepted; lives are in seconds."""

    issuer: Text
    audience: Text = "apex-api"
    signing_keys: list[SigningKey] = Field(min_length=1)
    access_token_seconds: int = 900
    refresh_token_seconds: int = 14 * 24 * 3600
    invitation_seconds: int = 7 * 24 * 3600
    device_token_seconds: int = 180 * 24 * 3600
    attempts: AttemptLimits = AttemptLimits()
    oauth_clients: list[OAuthClient] = []
    password_hash: Literal["strong", "minimum"] = "strong"
    operator_email: Email | None = None
    operator_password: Secret | None = None


class Backend(Listener):
    """``stream_window``: events kept for a resume; ``connection_buffer``: events waiting for a slow reader."""

    allowed_origins: list[Text] = []
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


class Requests(Section):
    """What a request may hold, and how long it may take to come in: first its line and headers, then its body.

    ``max_nesting`` counts the levels of JSON lists and objects in one another.
    """

    max_head_bytes: int = Field(default=32 * 1024, ge=1)
    head_seconds: float = Field(default=20, gt=0)
    body_seconds: float = Field(default=60, gt=0)
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1)
    max_nesting: int = Field(default=200, ge=1)


class RateLimits(Section):
    """How often a tenant may ask, by its plan; the platform's own tenant (its operators) as often as it likes."""

    free: Rate = Rate(burst=60, per_second=2)
    early: Rate = Rate(burst=120, per_second=5)
    mid: Rate = Rate(burst=300, per_second=20)
    enterprise: Rate = Rate(burst=1_000, per_second=100)
    platform: Rate | None = None


class Internal(Section):
    """The key with which services vouch for each other."""

    signing_key: KeySecret


class DatabaseParts(Section):
    """What the URLs of a database are made of; ``tls`` is PostgreSQL's sslmode."""

    host: Text
    port: int = Field(default=5432, ge=1, le=65535)
    name: Text
    user: Text
    password: Secret
    owner_user: Text
    owner_password: Secret
    tls: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    ca_file: Path | None = None

    def url(self, user: str, password: SecretStr) -> str:
        """For one of the two roles."""
        account = f"{quote(user, safe='')}:{quote(password.get_secret_value(), safe='')}"
        authority = f"&sslrootcert={quote(str(self.ca_file))}" if self.ca_file else ""
        return (
            f"postgresql://{account}@{self.host}:{self.port}/{quote(self.name, safe='')}?sslmode={self.tls}{authority}"
        )


class Database(Section):
    """PostgreSQL, as two URLs or in the parts that these are made of. ``url``: the role of the services; ``owner_url``:
    the owner of the tables, for migrations only. ``replica``: host and port of a streaming replica, from which the
    services read what it has, and to which they write once it is promoted.

    A service has ``pool_size`` connections, and ``pool_overflow`` more under load. Seconds: the longest wait
    for one of them while none becomes free (``pool_wait``), ``statement``, wait for a ``lock``, transaction that does
    nothing (``idle``), and step of a ``migration``.
    """

    url: DatabaseUrl
    owner_url: DatabaseUrl
    replica: Place | None = None
    pool_size: int = Field(default=10, ge=1, le=1000)
    pool_overflow: int = Field(default=0, ge=0, le=1000)
    pool_wait_seconds: float = Field(default=2, gt=0, le=60)
    statement_seconds: float = Field(default=10, ge=0.1, le=3600)
    lock_seconds: float = Field(default=5, ge=0.1, le=3600)
    idle_seconds: float = Field(default=20, ge=0.1, le=3600)
    migration_seconds: float = Field(default=600, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: Any) -> Any:
        known = DatabaseParts.model_fields
        if not isinstance(given, dict) or not given.keys() & known:
            return given
        if given.keys() & {"url", "owner_url"}:
            raise ValueError("Should be given as URLs or in parts (host, name, user ...), not as both")
        try:
            parts = DatabaseParts.model_validate({name: given[name] for name in known if name in given})
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise ValueError("; ".join(faults)) from None
        urls = {
            "url": parts.url(parts.user, parts.password),
            "owner_url": parts.url(parts.owner_user, parts.owner_password),
        }
        return urls | {name: value for name, value in given.items() if name not in known}


class Discovery(Section):
    """Instances say every ``heartbeat_seconds`` that they are there; silent for ``lease_seconds``, they are gone."""

    heartbeat_seconds: float = Field(default=2, gt=0)
    lease_seconds: float = Field(default=10, gt=0)


class Redis(Section):
    """Where events, and the instances that are there, are kept."""

    url: RedisUrl


class ClickHouse(Section):
    """Where finished runs are kept."""

    url: ClickHouseUrl


class Cloud(Section):
    """The platform's own cloud account, from which it assumes the tenants' roles."""

    endpoint_url: Url | None = None
    region: Text = "us-east-1"
    access_key_id: Secret
    secret_access_key: Secret


class Partners(Section):
    """APIs of other companies; ``api_key`` is shown to whoever gives the prices."""

    pricing_url: Url
    api_key: Secret | None = None


class Plugins(Section):
    """Where agents and tools are found beside the built-in ones."""

    directory: Path | None = None


class Log(Section):
    """From which level on a line is written."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Features(Section):
    """What can be switched off while the platform runs: ``sign_up``, whether new customers are taken."""

    sign_up: bool = True


class Settings(BaseSettings):
    """The settings of every service. ``version``: what whoever deploys it calls this configuration.

    ``trusted_proxies``: addresses or networks of the load balancers whose ``X-Forwarded-For`` is believed.
    """

    model_config = SettingsConfigDict(env_prefix="APEX_", env_nested_delimiter="__", extra="forbid")

    version: Text = "unnamed"
    environment: Environment
    deployment: Literal["live", "rehearsal"] = "live"
    trusted_proxies: list[IPv4Network | IPv6Network] = []
    features: Features = Features()
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
        # ``apex.config.layers`` has put the layers together, and knows where each value stands.
        return (init_settings,)
