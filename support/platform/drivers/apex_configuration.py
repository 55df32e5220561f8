"""How Apex is configured."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from support.platform.configured import Configured, MeshInstance, RunningConfiguration, Setting


def _with_path(path: str, url: str) -> str:
    return urlsplit(url)._replace(path=path).geturl()


CONFIGURED = Configured(
    command="apex.config",
    services={
        "auth service": "apex.auth",
        "backend": "apex.backend",
        "worker": "apex.worker",
        "tools service": "apex.tools",
        "analytics service": "apex.analytics",
    },
    settings={
        "version": Setting("version", "another"),
        "log level": Setting("log.level", "error"),
        "sign-up": Setting("features.sign_up", False),
        "rate limit of the Free plan": Setting("rate_limits.free", {"burst": 7, "per_second": 2.0}),
        "worker capacity": Setting("worker.slots", 6),
        "database pool": Setting("database.pool_size", 2),
        "database pool's overflow": Setting("database.pool_overflow", 2),
        "database limit on statements": Setting("database.statement_seconds", 0.5),
        "database limit on lock waits": Setting("database.lock_seconds", 0.5),
        "database limit on idle transactions": Setting("database.idle_seconds", 0.5),
        "list of allowed websites": Setting("backend.allowed_origins", ["https://another.example"]),
        "token issuer": Setting("auth.issuer", "https://another.example"),
        "number of cloud requests at once": Setting("tools.threads", 31),
        "lifetime of refresh tokens": Setting("auth.refresh_token_seconds", 2),
        "time limit of all runs": Setting("worker.run_seconds", 1.4),
        "database's replica": Setting("database.replica", "another.example:5432"),
        "cloud's address": Setting("cloud.endpoint_url", "https://another.example"),
        "size of the event window": Setting("backend.stream_window", 1999),
        "heartbeat of live events": Setting("backend.heartbeat_seconds", 1.5),
        "address of the analytics store": Setting("clickhouse.url", "http://default:another-password@127.0.0.1:9/default"),
        "name of the database": Setting("database.url", partial(_with_path, "/another")),
        "number of the cache's database": Setting("redis.url", partial(_with_path, "/3")),
    },
    tuning={
        "database.pool_size": (10, 9),
        "rate_limits.mid": ({"burst": 4001, "per_second": 400.0}, {"burst": 4002, "per_second": 400.0}),
        "worker.slots": (6, 5),
        "backend.allowed_origins": (["https://app.apex.test", "https://beta.apex.test"], ["https://app.apex.test"]),
        "requests.max_nesting": (201, 200),
    },
    required=(
        "environment",
        "auth.issuer",
        "auth.signing_keys",
        "internal.signing_key",
        "database.url",
        "database.owner_url",
        "redis.url",
        "clickhouse.url",
        "cloud.access_key_id",
        "cloud.secret_access_key",
        "partners.pricing_url",
    ),
    shared=("auth", "cloud"),
    marked=("internal.signing_key", "auth.operator_password", "cloud.secret_access_key"),
    per_environment=(
        "environment",
        "auth.host", "auth.port", "auth.url", "auth.issuer", "auth.signing_keys", "auth.attempts",
        "auth.password_hash", "auth.operator", "backend", "worker", "tools", "analytics", "internal", "database",
        "redis", "clickhouse", "cloud", "partners", "discovery", "rate_limits", "log",
    ),
    environments=("test", "development", "staging", "production"),
    variable="APEX_",
    agreed={
        "token issuer": "auth.issuer",
        "token audience": "auth.audience",
        "address of the auth service": "auth.url",
        "port of the auth service": "auth.url",
        "address of the analytics service": "analytics.url",
    },
    agreed_default={"auth.audience": "apex-api"},
    signing_keys="auth.signing_keys",
    claim="deployment:environment",
    applications="auth.oauth_clients",
    partner_key="partners.api_key",
    partner_header="x-api-key",
    secret_endings=("signing_key", "password", "api_key", "access_key", "url"),
    refused=78,
    faulty=1,
)  # fmt: skip


def mesh(body: Mapping[str, Any]) -> list[MeshInstance]:
    """The entries of a service's view."""
    entries = [entry for known in body["services"].values() for entry in known]
    names = ("name", "url", "health_path", "timeout_seconds")
    return [MeshInstance(*(entry[name] for name in names)) for entry in entries]


def running(body: Mapping[str, Any]) -> RunningConfiguration:
    """What a service says in its health."""
    said = body["configuration"]
    return RunningConfiguration(said["version"], said["checksum"], said["refused"], tuple(said["restart_needed"]))
