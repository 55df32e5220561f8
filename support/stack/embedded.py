"""The embedded provider: every service is a process of ours, from programs that come with Python packages."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.stack.addresses import Addresses
from support.stack.errors import StackError
from support.stack.ports import LOOPBACK
from support.stack.postgres import PostgresPasswords, Primary, Replica
from support.stack.postgres_template import OBSERVER
from support.stack.processes import Launch, service_user
from support.stack.provider import LinePlan, Surroundings
from support.stack.redis import Redis
from support.stack.service import ProcessService, Recipe, Service

# The services that a line leads to; the line has the service's name but for the two databases' servers.
_LINES = {
    "postgres": "postgres-primary",
    "postgres-replica": "postgres-replica",
    "replication": "postgres-primary",
    "redis": "redis",
}


class EmbeddedProvider:
    """Plans ports, secrets and processes of one run."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._in = surroundings
        options = surroundings.options
        names = tuple(dict.fromkeys(_LINES.values()))
        self._ports = {name: surroundings.ports.reserve() for name in names}
        self._line_ports = {name: surroundings.ports.reserve() for name in _LINES}
        self._passwords = PostgresPasswords(*(secrets.token_urlsafe(18) for _ in range(4)))
        self._redis = Redis(surroundings.run_dir / "redis", self._ports["redis"], secrets.token_urlsafe(18))
        self._recipes = {recipe.name: recipe for recipe in self._plan()}
        if options.only is not None:
            if unknown := options.only - self._recipes.keys():
                raise StackError(f"there is no service {', '.join(sorted(unknown))}")
            self._recipes = {name: self._recipes[name] for name in self._recipes if name in options.only}

    def _plan(self) -> Sequence[Recipe]:
        run_dir, user = self._in.run_dir, service_user()
        common = {"base": self._in.base, "passwords": self._passwords, "user": user}
        primary = Primary("postgres-primary", run_dir / "primary", port=self._ports["postgres-primary"], **common)
        replica = Replica(
            "postgres-replica",
            run_dir / "replica",
            port=self._ports["postgres-replica"],
            line_port=self._line_ports["replication"],
            **common,
        )
        return [primary, replica, self._redis]

    def services(self) -> Sequence[Service]:
        options = self._in.options
        return [
            ProcessService(recipe, options.log_dir, options.start_seconds, self._in.changed)
            for recipe in self._recipes.values()
        ]

    def lines(self) -> Sequence[LinePlan]:
        return [LinePlan(name, self._line_ports[name], self._ports[target]) for name, target in _LINES.items()]

    def proxies(self, control_socket: Path) -> Launch:
        return self._python("support.stack.proxies", str(control_socket))

    def addresses(self) -> Addresses:
        return Addresses(
            auth_url="",
            backend_url="",
            backend_ws_url="",
            backend_direct_url="",
            analytics_url="",
            tools_url="",
            cloud_url="",
            partner_url="",
            partner_control_url="",
            partner_control_token="",
            postgres_observer_url=self._passwords.url(OBSERVER, self._ports["postgres-primary"]),
            replica_observer_url=self._passwords.url(OBSERVER, self._ports["postgres-replica"]),
            redis_url=self._redis.url(self._ports["redis"]),
            clickhouse_url="",
            operator_email="",
            operator_password="",
            log_dir=self._in.options.log_dir,
            run_dir=self._in.run_dir,
        )

    def _python(self, module: str, *arguments: str) -> Launch:
        environment: Mapping[str, str] = self._in.environment | {"PYTHONUNBUFFERED": "1"}
        return Launch((sys.executable, "-m", module, *arguments), environment, cwd=self._in.options.checkout)
