"""The embedded provider: every service is a process of ours, from programs that come with Python packages."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from support.stack import orphans
from support.stack.addresses import Addresses
from support.stack.clickhouse import ClickHouse
from support.stack.cloud import Cloud
from support.stack.contained import ContainedRecipe
from support.stack.contained_stores import ContainedClickHouse, ContainedPrimary, ContainedRedis, ContainedReplica
from support.stack.container_service import ContainerService
from support.stack.errors import StackError
from support.stack.external import VARIABLES, ExternalService, ExternalStores
from support.stack.forking import NAME as FORK_SERVER
from support.stack.forking import ForkServer
from support.stack.partner import PartnerService
from support.stack.platform import STORES, Shared, described
from support.stack.postgres import PostgresPasswords, Primary, Replica
from support.stack.postgres_template import OBSERVER, OWNER
from support.stack.processes import Launch, service_user
from support.stack.provider import LinkPlan, Provider, Surroundings
from support.stack.python_module import PythonModule
from support.stack.redis import Redis
from support.stack.service import ProcessService, Recipe, Service


class EmbeddedProvider(Provider):
    """Plans ports, secrets and processes of one run: the stores that the platform needs, and the platform."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._in = surroundings
        options, run_dir, reserve = surroundings.options, surroundings.run_dir, surroundings.ports.reserve
        platform, target = described(options)
        is_external = options.services == "external"
        self._is_contained = options.services == "containers"
        if self._is_contained:
            from support.stack import containers  # no other stack needs it

            containers.check()
            (run_dir / orphans.CONTAINERS).touch()
        # A replica would be the other servers' own business.
        self._stores = tuple(one for one in platform.stores if not (is_external and one == "postgres-replica"))
        self._spares = platform.spares
        known = (*self._stores, *platform.instances, *platform.spares)
        if unknown := sorted((options.only or frozenset()) - set(known)):
            raise StackError(f"there is no service {', '.join(unknown)}; there are {', '.join(known)}")
        self._wanted = tuple(name for name in known if options.only is None or name in options.only)
        self._lines = {link: to for store in self._stores for link, to in STORES[store].items()}
        self._lines |= platform.links
        python = PythonModule(options.checkout, surroundings.environment)
        fork_log = options.log_dir / f"{FORK_SERVER}.log"
        self.fork_server = ForkServer(python.fork_server(run_dir), fork_log, surroundings.changed)
        # What is not needed has a port, too, which nobody listens on.
        ports = {name: reserve() for name in dict.fromkeys((*STORES, *known))}
        passwords = PostgresPasswords(
            _secret(), _secret(), _secret(), _secret(), suffix=f"_run_{run_dir.name}" if is_external else ""
        )
        self._external = ExternalStores(options.credentials, run_dir.name, passwords) if is_external else None
        self._shared = Shared(
            options=options,
            run_dir=run_dir,
            ports=ports,
            link_ports={name: platform.served_at.get(name) or reserve() for name in (*self._lines, *platform.outside)},
            passwords=passwords,
            redis=(
                self._external.redis
                if self._external
                else (ContainedRedis if self._is_contained else Redis)(run_dir / "redis", ports["redis"], _secret())
            ),
            clickhouse=(
                self._external.clickhouse
                if self._external
                else (ContainedClickHouse if self._is_contained else ClickHouse)(
                    run_dir / "clickhouse", ports["clickhouse"], _secret(), python
                )
            ),
            cloud=Cloud(run_dir / "cloud", ports["cloud"], python),
            partner=PartnerService(run_dir / "partner", ports["partner"], _secret(), python),
            python=python,
        )
        self._platform = platform(self._shared, target)

    def services(self) -> Sequence[Service]:
        options, shared = self._in.options, self._shared
        stores: list[Recipe] = [shared.cloud, shared.partner]
        outside: list[Service] = []
        contained: list[ContainedRecipe] = []
        if self._external is not None:
            outside += [
                ExternalService(name, self._external, options.log_dir, options.start_seconds) for name in VARIABLES
            ]
        else:
            assert isinstance(shared.redis, Redis), "it is this stack's"
            assert isinstance(shared.clickhouse, ClickHouse), "it is this stack's"
            if isinstance(shared.redis, ContainedRedis) and isinstance(shared.clickhouse, ContainedClickHouse):
                contained += [*self._contained_postgres(), shared.redis, shared.clickhouse]
            else:
                stores += [*self._postgres(), shared.redis, shared.clickhouse]
        outside += [
            ContainerService(recipe, self._in.run_dir, options.log_dir, options.start_seconds) for recipe in contained
        ]
        own = [
            ProcessService(
                recipe,
                options.log_dir,
                options.start_seconds,
                self._in.changed,
                self.fork_server,
                twin=self._spares.get(recipe.name),
            )
            for recipe in (*stores, *self._platform.recipes())
            if recipe.name in self._wanted
        ]
        return [*(one for one in outside if one.name in self._wanted), *own]

    def _postgres(self) -> Sequence[Recipe]:
        run_dir, base, user = self._in.run_dir, self._in.base, service_user()
        ports, passwords = self._shared.ports, self._shared.passwords
        is_replicated = "postgres-replica" in self._stores
        primary = Primary(
            "postgres-primary", run_dir / "primary", base, ports["postgres-primary"], passwords, user,
            is_replicated=is_replicated,
        )  # fmt: skip
        if not is_replicated:
            return [primary]
        replica = Replica(
            "postgres-replica", run_dir / "replica", base, ports["postgres-replica"], passwords, user,
            line_port=self._shared.link_ports["replication"],
        )  # fmt: skip
        return [primary, replica]

    def _contained_postgres(self) -> Sequence[ContainedRecipe]:
        ports, passwords = self._shared.ports, self._shared.passwords
        is_replicated = "postgres-replica" in self._stores
        primary = ContainedPrimary(
            "postgres-primary", ports["postgres-primary"], passwords, is_replicated=is_replicated
        )
        if not is_replicated:
            return [primary]
        line_port = self._shared.link_ports["replication"]
        return [
            primary,
            ContainedReplica("postgres-replica", ports["postgres-replica"], passwords, line_port=line_port),
        ]

    def links(self) -> Sequence[LinkPlan]:
        ports, link_ports = self._shared.ports, self._shared.link_ports
        fallbacks = {name: ports[service] for name, service in self._platform.fallbacks.items()}
        external = self._external.endpoints if self._external else {}
        plans = [
            LinkPlan(name, link_ports[name], ports[target], fallbacks.get(name), is_api=name in self._platform.links)
            for name, target in self._lines.items()
            if target not in external
        ]
        for name, target in self._lines.items():
            if target in external:
                host, port = external[target]
                plans.append(LinkPlan(name, link_ports[name], port, host=host))
        # Where the suite's own eyes, and whoever makes the databases, come in: no fault is ever put on these.
        plans += [LinkPlan(f"{name} (direct)", ports[name], port, host=host) for name, (host, port) in external.items()]
        outside = self._platform.outside.items()
        return [
            *plans,
            *(LinkPlan(name, link_ports[name], port, host=host, is_api=True) for name, (host, port) in outside),
        ]

    def proxies(self, control_socket: Path) -> Launch:
        return self._shared.python.launch("support.stack.proxies", str(control_socket))

    def addresses(self) -> Addresses:
        shared, ports = self._shared, self._shared.ports
        own: dict[str, str] = {}
        if "cloud" in self._stores:
            own["cloud_url"] = shared.cloud.url(ports["cloud"])
        if "partner" in self._stores:
            address = shared.partner.url(ports["partner"])
            own |= {"partner_url": address, "partner_control_url": address}
            own["partner_control_token"] = shared.partner.token
        if "postgres-primary" in self._stores:
            own["postgres_observer_url"] = shared.passwords.url(OBSERVER, ports["postgres-primary"])
            own["postgres_owner_url"] = shared.passwords.url(OWNER, ports["postgres-primary"])
        if "postgres-replica" in self._stores:
            own["replica_observer_url"] = shared.passwords.url(OBSERVER, ports["postgres-replica"])
        if "redis" in self._stores:
            own["redis_url"] = shared.redis.url(ports["redis"])
        if "clickhouse" in self._stores:
            own["clickhouse_url"] = shared.clickhouse.url(ports["clickhouse"])
        places = {"log_dir": str(self._in.options.log_dir), "run_dir": str(self._in.run_dir)}
        return Addresses.from_json({**own, **self._platform.addresses(), **places})


def _secret() -> str:
    return secrets.token_urlsafe(18)
