"""Where the services of a running stack are, and how they are doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Addresses:
    """How to reach a running stack. Every address is on 127.0.0.1; URLs of services that were not started are "".

    The URLs of auth, backend, analytics, tools, cloud and partner lead through the fault proxies, as the customer's
    and the platform's own links do; `backend_direct_url`, `partner_control_url` and the observers' URLs of
    PostgreSQL, Redis and ClickHouse lead past them, so that the suite keeps its sight while a link is broken.
    `postgres_application_url` is PostgreSQL in the role with which the platform serves customers, past the proxies too,
    and `postgres_owner_url` in that of the schema's owner, for what nobody else may do.
    With `signing_key` tokens are made for a platform that leaves that to its deployer.

    `instances` are the services of a platform that the stack has started, past the proxies, by their names; those are
    configured by `configuration_file` and the files of `secrets_dir`.

    Of a platform that ran before the stack did, the addresses are its own, and everything that only the starter of a
    service knows is "". `ca_file` has the certificates of a private authority; `credentials` are those that the target
    asks for, by name.
    """

    auth_url: str
    backend_url: str
    backend_ws_url: str
    spare_backend_url: str
    backend_direct_url: str
    analytics_url: str
    tools_url: str
    cloud_url: str
    partner_url: str
    partner_control_url: str
    partner_control_token: str
    postgres_observer_url: str
    postgres_application_url: str
    postgres_owner_url: str
    replica_observer_url: str
    redis_url: str
    clickhouse_url: str
    operator_email: str
    operator_password: str
    signing_key: str
    ca_file: str
    log_dir: Path
    run_dir: Path
    configuration_file: str
    secrets_dir: str
    instances: Mapping[str, str]
    credentials: Mapping[str, str] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """A JSON value that `from_json` reads back. It holds passwords."""
        plain = {name: str(value) for name, value in vars(self).items()}
        return {**plain, "instances": dict(self.instances), "credentials": dict(self.credentials)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Addresses:
        """Read back what `to_json` made, also that of a stack kept since older sources: what it lacks is ""."""
        known = {each.name: plain.get(each.name, "") for each in fields(cls)}
        paths = {"log_dir": Path(plain["log_dir"]), "run_dir": Path(plain["run_dir"])}
        mappings = {name: plain.get(name) or {} for name in ("instances", "credentials")}
        return cls(**{**known, **paths, **mappings})


@dataclass(frozen=True)
class ServiceStatus:
    """One service: state is waiting, starting, ready, frozen, stopped, killed or died (ended without being asked).

    A service with a `twin` is a spare, started on demand beside the one that it is like. `extra_args` are those of its
    last start.
    """

    name: str
    pid: int | None
    state: str
    started_in_seconds: float | None
    log_path: Path
    twin: str | None = None
    extra_args: Sequence[str] = ()


@dataclass(frozen=True)
class LinkStatus:
    """Counters of one proxied link: connections open now and in all, bytes passed in each direction."""

    name: str
    address: str
    open_connections: int
    total_connections: int
    bytes_to_server: int
    bytes_to_client: int
    fault: str | None
