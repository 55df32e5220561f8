"""The embedded provider: every service is a process of ours, from programs that come with Python packages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.stack import apex
from support.stack.addresses import Addresses
from support.stack.clickhouse import ClickHouse
from support.stack.cloud import REGION, Cloud
from support.stack.errors import StackError
from support.stack.forking import NAME as FORK_SERVER
from support.stack.forking import ForkServer
from support.stack.partner import PartnerService
from support.stack.ports import LOOPBACK
from support.stack.postgres import PostgresPasswords, Primary, Replica
from support.stack.postgres_template import APP, OBSERVER, OWNER
from support.stack.processes import Launch, service_user
from support.stack.provider import LinkPlan, Provider, Surroundings
from support.stack.python_module import PythonModule
from support.stack.redis import Redis
from support.stack.service import ProcessService, Recipe, Service

# Link to the service that it leads to. `replication` is the replica's link to the primary.
_LINES = {
    "postgres": "postgres-primary",
    "postgres-replica": "postgres-replica",
    "replication": "postgres-primary",
    "redis": "redis",
    "clickhouse": "clickhouse",
    "cloud": "cloud",
    "partner": "partner",
    "auth": "auth",
    "backend": "backend",
    "backend-2": "backend-2",
    "tools-1": "tools-1",
    "tools-2": "tools-2",
    "analytics": "analytics",
}
_STORES = ("postgres-primary", "postgres-replica", "redis", "clickhouse", "cloud", "partner")


class EmbeddedProvider(Provider):
    """Plans ports, secrets and processes of one run."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._in = surroundings
        options, run_dir, reserve = surroundings.options, surroundings.run_dir, surroundings.ports.reserve
        known = (*_STORES, *apex.INSTANCES, *apex.SPARES)
        if unknown := sorted((options.only or frozenset()) - set(known)):
            raise StackError(f"there is no service {', '.join(unknown)}; there are {', '.join(known)}")
        self._wanted = tuple(name for name in known if options.only is None or name in options.only)
        self._ports = {name: reserve() for name in known}
        self._link_ports = {name: reserve() for name in _LINES}
        self._config = run_dir / "apex.toml"
        self._operator = apex.Operator("operator@apex.test", _secret())
        self._passwords = PostgresPasswords(_secret(), _secret(), _secret(), _secret())
        self._python = PythonModule(options.checkout, surroundings.environment)
        fork_log = options.log_dir / f"{FORK_SERVER}.log"
        self.fork_server = ForkServer(self._python.fork_server(run_dir), fork_log, surroundings.changed)
        self._redis = Redis(run_dir / "redis", self._ports["redis"], _secret())
        self._clickhouse = ClickHouse(run_dir / "clickhouse", self._ports["clickhouse"], _secret(), self._python)
        self._cloud = Cloud(run_dir / "cloud", self._ports["cloud"], self._python)
        self._partner = PartnerService(run_dir / "partner", self._ports["partner"], _secret(), self._python)
        apex.write_config(self._config, self._apex_config())

    def services(self) -> Sequence[Service]:
        options = self._in.options
        return [
            ProcessService(
                recipe,
                options.log_dir,
                options.start_seconds,
                self._in.changed,
                self.fork_server,
                twin=apex.SPARES.get(recipe.name),
            )
            for recipe in (*self._postgres(), self._redis, self._clickhouse, self._cloud, self._partner, *self._apex())
            if recipe.name in self._wanted
        ]

    def _postgres(self) -> Sequence[Recipe]:
        run_dir, base, user = self._in.run_dir, self._in.base, service_user()
        primary = Primary(
            "postgres-primary", run_dir / "primary", base, self._ports["postgres-primary"], self._passwords, user
        )
        replica = Replica(
            "postgres-replica", run_dir / "replica", base, self._ports["postgres-replica"], self._passwords, user,
            line_port=self._link_ports["replication"],
        )  # fmt: skip
        return [primary, replica]

    def _apex(self) -> Sequence[Recipe]:
        defects = self._in.options.defects
        return [
            apex.ApexService(
                name,
                self._config,
                self._ports[name],
                self._link_url(name) if name in _LINES else None,
                defects.get(name, ()),
                self._python,
            )
            for name in (*apex.INSTANCES, *apex.SPARES)
        ]

    def links(self) -> Sequence[LinkPlan]:
        return [LinkPlan(name, self._link_ports[name], self._ports[target]) for name, target in _LINES.items()]

    def proxies(self, control_socket: Path) -> Launch:
        return self._python.launch("support.stack.proxies", str(control_socket))

    def addresses(self) -> Addresses:
        ports = self._ports
        return Addresses(
            auth_url=self._link_url("auth"),
            backend_url=self._link_url("backend"),
            backend_ws_url=self._link_url("backend").replace("http", "ws", 1),
            spare_backend_url=self._link_url("backend-2"),
            backend_direct_url=f"http://{LOOPBACK}:{ports['backend']}",
            analytics_url=self._link_url("analytics"),
            tools_url=self._link_url("tools-1"),
            cloud_url=self._cloud.url(ports["cloud"]),
            partner_url=self._partner.url(ports["partner"]),
            partner_control_url=self._partner.url(ports["partner"]),
            partner_control_token=self._partner.token,
            postgres_observer_url=self._passwords.url(OBSERVER, ports["postgres-primary"]),
            postgres_application_url=self._passwords.url(APP, ports["postgres-primary"]),
            postgres_owner_url=self._passwords.url(OWNER, ports["postgres-primary"]),
            replica_observer_url=self._passwords.url(OBSERVER, ports["postgres-replica"]),
            redis_url=self._redis.url(ports["redis"]),
            clickhouse_url=self._clickhouse.url(ports["clickhouse"]),
            operator_email=self._operator.email,
            operator_password=self._operator.password,
            log_dir=self._in.options.log_dir,
            run_dir=self._in.run_dir,
        )

    def _link_url(self, link: str) -> str:
        return f"http://{LOOPBACK}:{self._link_ports[link]}"

    def _apex_config(self) -> Mapping[str, Any]:
        """Between services the platform is given the links; only where a service listens is its own port."""
        links = self._link_ports
        return {
            "environment": "test",
            "deployment": "rehearsal",
            "auth": {
                "host": LOOPBACK,
                "port": self._ports["auth"],
                "url": self._link_url("auth"),
                "issuer": self._link_url("auth"),
                "audience": "apex-api",
                "operator_email": self._operator.email,
                "operator_password": self._operator.password,
                "signing_keys": [{"id": secrets.token_hex(4), "secret": secrets.token_urlsafe(48)}],
            },
            "backend": {
                "host": LOOPBACK,
                "port": self._ports["backend"],
                "url": self._link_url("backend"),
                "allowed_origins": ["https://app.apex.test"],
            },
            "worker": {"host": LOOPBACK, "slots": apex.WORKER_SLOTS, "calls_at_once": apex.CALLS_AT_ONCE},
            "tools": {"host": LOOPBACK, "port": self._ports["tools-1"], "url": self._link_url("tools-1")},
            "analytics": {"host": LOOPBACK, "port": self._ports["analytics"], "url": self._link_url("analytics")},
            "internal": {"signing_key": secrets.token_urlsafe(48)},
            "database": {
                "url": self._passwords.url(APP, links["postgres"]),
                "owner_url": self._passwords.url(OWNER, links["postgres"]),
            },
            "redis": {"url": self._redis.url(links["redis"])},
            "clickhouse": {"url": self._clickhouse.url(links["clickhouse"])},
            "cloud": {
                "endpoint_url": self._cloud.url(links["cloud"]),
                "region": REGION,
                "access_key_id": "AKIAAPEXPLATFORM0000",
                "secret_access_key": _secret(),
            },
            "partners": {"pricing_url": self._partner.url(links["partner"])},
            "plugins": {"directory": str(self._in.options.checkout / "targets" / "apex" / "plugin")},
        }


def _secret() -> str:
    return secrets.token_urlsafe(18)
