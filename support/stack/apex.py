"""The reference platform's services: their one configuration file and how each is started."""

from __future__ import annotations

import dataclasses
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tomli_w

from support.stack.cloud import REGION
from support.stack.errors import StackError
from support.stack.platform import STORES, Platform, Shared
from support.stack.ports import LOOPBACK
from support.stack.postgres_template import APP, OWNER
from support.stack.processes import Launch
from support.stack.python_module import PythonModule
from support.stack.service import Recipe

# The module of this checkout that has the seeded defects.
CATALOGUE = "defects"
# Instance name to module.
INSTANCES = {
    "auth": "apex.auth",
    "backend": "apex.backend",
    "worker-1": "apex.worker",
    "worker-2": "apex.worker",
    "tools-1": "apex.tools",
    "analytics": "apex.analytics",
}
# Instances that are started on demand, each beside the one that it is like.
SPARES = {"backend-2": "backend", "tools-2": "tools-1"}
# Runs that one worker carries out at a time. There are two workers: events are promised in time with ten runs at work.
WORKER_SLOTS = 5
# How long a worker that is told to stop goes on with its runs.
WORKER_STOP_SECONDS = 3
# Tool calls that a run may have at work at a time.
CALLS_AT_ONCE = 8
# Database connections of each instance.
CONNECTIONS = 10
# An application of somebody else that customers may let act for them.
APPLICATION = {
    "id": "partner-portal",
    "redirect_uris": ["https://portal.example/callback", "https://portal.example/back?from=apex"],
}
_NEEDED = ("postgres-primary", "postgres-replica", "redis")


@dataclass(frozen=True)
class Operator:
    """The login of the platform's operator, made by the platform at its start."""

    email: str
    password: str


class ApexService(Recipe):
    """One instance of a service of the platform. `config` is the file that all of them read."""

    is_forked = True

    def __init__(
        self,
        name: str,
        config: Path,
        secrets: Path,
        port: int,
        url: str | None,
        defects: Sequence[str],
        python: PythonModule,
        unwritten: Callable[[], Mapping[str, str]],
    ) -> None:
        """`url`: where the others reach it; None where they know that from the configuration. `unwritten`: variables
        with settings that stand in no file.
        """
        self.name = name
        self.needs: tuple[str, ...] = (*_NEEDED, "clickhouse") if name == "analytics" else _NEEDED
        self.data_dir = config.parent
        self._module = INSTANCES[SPARES.get(name, name)]
        self._config, self._secrets = config, secrets
        self.port = port
        self._url = url
        self._defects = tuple(defects)
        self._python = python
        self._unwritten = unwritten

    async def prepare(self) -> None:
        if not (self._python.checkout / Path(*self._module.split("."), "__main__.py")).is_file():
            raise StackError(
                f"{self.name} needs the module {self._module}, which {self._python.checkout} does not have"
            )

    def launch(self, extra_args: Sequence[str]) -> Launch:
        defects = [argument for defect in self._defects for argument in ("--defect", defect)]
        catalogue = ["--catalogue", CATALOGUE] if defects else []
        advertised = ["--advertise", self._url] if self._url else []
        launch = self._python.launch(
            self._module,
            "--config", str(self._config), "--secrets", str(self._secrets),
            "--instance", self.name, "--port", str(self.port),
            *advertised, *catalogue, *defects, *extra_args,
            end_signal=signal.SIGTERM,
        )  # fmt: skip
        return dataclasses.replace(launch, environment={**launch.environment, **self._unwritten()})

    def check(self) -> None:
        from support.stack import readiness  # the clients are loaded while the services start, not before

        readiness.http_serves(f"http://{LOOPBACK}:{self.port}/health/ready")


class Apex(Platform):
    """The reference platform, over all stores."""

    stores: ClassVar[Sequence[str]] = tuple(STORES)
    instances: ClassVar[Sequence[str]] = tuple(INSTANCES)
    spares: ClassVar[Mapping[str, str]] = SPARES
    links: ClassVar[Mapping[str, str]] = {
        name: name for name in ("auth", "backend", "backend-2", "tools-1", "tools-2", "analytics")
    }

    def __init__(self, shared: Shared, target: Mapping[str, Any]) -> None:
        self._shared = shared
        self._operator = Operator("operator@apex.test", secrets.token_urlsafe(18))
        # In a folder of its own, as the services look out for changes there.
        self._config = shared.run_dir / "apex" / "apex.toml"
        self._secrets = self._config.parent / "secrets"
        self._secrets.mkdir(parents=True)
        write_config(self._config, self._settings())

    def recipes(self) -> Sequence[Recipe]:
        shared = self._shared
        return [
            ApexService(
                name,
                self._config,
                self._secrets,
                shared.ports[name],
                shared.link_url(name) if name in self.links else None,
                shared.options.defects.get(name, ()),
                shared.python,
                self._unwritten,
            )
            for name in (*INSTANCES, *SPARES)
        ]

    def addresses(self) -> Mapping[str, Any]:
        shared = self._shared
        return {
            "instances": {name: f"http://{LOOPBACK}:{shared.ports[name]}" for name in (*INSTANCES, *SPARES)},
            "configuration_file": str(self._config),
            "secrets_dir": str(self._secrets),
            "auth_url": shared.link_url("auth"),
            "backend_url": shared.link_url("backend"),
            "backend_ws_url": shared.link_url("backend").replace("http", "ws", 1),
            "spare_backend_url": shared.link_url("backend-2"),
            "backend_direct_url": f"http://{LOOPBACK}:{shared.ports['backend']}",
            "analytics_url": shared.link_url("analytics"),
            "tools_url": shared.link_url("tools-1"),
            "postgres_application_url": shared.passwords.url(APP, shared.ports["postgres-primary"]),
            "operator_email": self._operator.email,
            "operator_password": self._operator.password,
        }

    def _unwritten(self) -> Mapping[str, str]:
        """The addresses of stores that others have started, whose passwords are theirs."""
        shared = self._shared
        if shared.options.services != "external":
            return {}
        return {
            "APEX_REDIS__URL": shared.redis.url(shared.link_ports["redis"]),
            "APEX_CLICKHOUSE__URL": shared.clickhouse.url(shared.link_ports["clickhouse"]),
        }

    def _settings(self) -> Mapping[str, Any]:
        """Between services the platform is given the links; only where a service listens is its own port."""
        shared = self._shared
        ports, links = shared.ports, shared.link_ports
        stores = {
            "redis": {"url": shared.redis.url(links["redis"])},
            "clickhouse": {"url": shared.clickhouse.url(links["clickhouse"])},
        }
        return {
            **({} if shared.options.services == "external" else stores),
            "version": "acceptance",
            "environment": "test",
            "deployment": "rehearsal",
            "auth": {
                "host": LOOPBACK,
                "port": ports["auth"],
                "url": shared.link_url("auth"),
                "issuer": shared.link_url("auth"),
                "audience": "apex-api",
                "operator_email": self._operator.email,
                "operator_password": self._operator.password,
                "signing_keys": [{"id": secrets.token_hex(4), "secret": secrets.token_urlsafe(48)}],
                "oauth_clients": [APPLICATION | {"secret": secrets.token_urlsafe(36)}],
            },
            "backend": {
                "host": LOOPBACK,
                "port": ports["backend"],
                "url": shared.link_url("backend"),
                "allowed_origins": ["https://app.apex.test"],
            },
            "worker": {
                "host": LOOPBACK,
                "slots": WORKER_SLOTS,
                "calls_at_once": CALLS_AT_ONCE,
                "stop_seconds": WORKER_STOP_SECONDS,
            },
            "tools": {"host": LOOPBACK, "port": ports["tools-1"], "url": shared.link_url("tools-1")},
            "analytics": {"host": LOOPBACK, "port": ports["analytics"], "url": shared.link_url("analytics")},
            "internal": {"signing_key": secrets.token_urlsafe(48)},
            "database": {
                "url": shared.passwords.url(APP, links["postgres"]),
                "owner_url": shared.passwords.url(OWNER, links["postgres"]),
                **self._replica(),
                "pool_size": CONNECTIONS,
            },
            "cloud": {
                "endpoint_url": shared.cloud.url(links["cloud"]),
                "region": REGION,
                "access_key_id": "AKIAAPEXPLATFORM0000",
                "secret_access_key": secrets.token_urlsafe(18),
            },
            "partners": {"pricing_url": shared.partner.url(links["partner"]), "api_key": secrets.token_urlsafe(18)},
            "plugins": {"directory": str(shared.options.checkout / "targets" / "apex" / "plugin")},
        }

    def _replica(self) -> Mapping[str, str]:
        """Where the replica is; one of other servers would be their own business."""
        if self._shared.options.services == "external":
            return {}
        return {"replica": f"{LOOPBACK}:{self._shared.link_ports['postgres-replica']}"}


def write_config(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the configuration as TOML, readable by this user alone."""
    path.touch(mode=0o600)
    path.write_text(tomli_w.dumps(settings), encoding="utf-8")
