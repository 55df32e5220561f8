"""A second deployment of the platform beside the first: another environment, with stores of its own."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, urlsplit

from psycopg import sql

from support.configuration import commands, starts
from support.configuration.commands import Place
from support.configuration.draft import Candidate, Draft, candidate, facts
from support.configuration.faults import Fault
from support.platform.configured import RunningConfiguration
from support.platform.driver import Anyone
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario import waiting
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.programs import Program
from support.stores import opened

_OTHER = "rehearsal"
_CACHE_NUMBER = 1


@dataclass(slots=True)
class Rehearsal:
    """A deployment of its own: its configuration, the services that run of it, and a driver that asks them."""

    environment: str
    candidate: Candidate
    platform: HttpDriver
    urls: Mapping[str, str]
    running: dict[str, Program] = field(default_factory=dict)


def prepare(world: World, environment: str, edit: Callable[[Draft], None] = lambda draft: None) -> Rehearsal:
    """A deployment of another environment on empty stores of its own; nothing of it runs yet."""
    draft = Draft.of_deployed(world)
    draft.set("environment", environment)
    draft.set("version", environment)
    draft.set("internal.signing_key", secrets.token_urlsafe(48))
    draft.set("auth.signing_keys", [{"id": secrets.token_hex(4), "secret": secrets.token_urlsafe(48)}])
    ports = {kind: world.stack.free_port() for kind in ("auth", "backend", "worker", "tools", "analytics")}
    urls = {kind: f"http://127.0.0.1:{port}" for kind, port in ports.items()}
    for kind, port in ports.items():
        draft.set(f"{kind}.port", port)
        draft.set(f"{kind}.url", urls[kind])
    draft.set("auth.issuer", urls["auth"])
    for own in STORES.values():
        own(world, draft)
    if environment not in UNENCRYPTED:
        _encrypt(world, draft)
    edit(draft)
    written = candidate(world, draft)
    rehearsal = Rehearsal(environment, written, type(world.platform)(urls), urls)
    world.undo.register(f"end the services of {environment}", partial(_end, rehearsal))
    return world.keep(rehearsal)


def _end(rehearsal: Rehearsal) -> None:
    with ThreadPoolExecutor() as together:
        list(together.map(Program.end, rehearsal.running.values()))


def start_all(world: World, environment: str, edit: Callable[[Draft], None] = lambda draft: None) -> None:
    """Have every service of another environment run until the end of the scenario."""
    rehearsal = prepare(world, environment, edit)
    begun = [_begin(world, rehearsal, service) for service in facts(world).services]
    for wait_until_ready in begun:
        wait_until_ready()


def reported(world: World) -> Mapping[str, RunningConfiguration]:
    """What each service of the rehearsal says that it runs on."""
    rehearsal = world.kept(Rehearsal)
    urls = {kind: rehearsal.urls[kind] for kind in rehearsal.running}
    return {kind: rehearsal.platform.running_configuration(Anyone(), url).require() for kind, url in urls.items()}


def validated(world: World) -> RunningConfiguration:
    """What the services of the rehearsal must say: as the command that validates its files."""
    said = commands.run(world, "validate", commands.place_of(world.kept(Rehearsal).candidate)).said
    return RunningConfiguration(said["version"], said["checksum"], {}, ())


def change(world: World, edit: Callable[[Draft], None]) -> None:
    """Deploy the configuration of the rehearsal as it is now with a change, beside the same variables."""
    candidate = world.kept(Rehearsal).candidate
    edit(candidate.draft)
    candidate.draft.write(candidate.file, candidate.secrets)


def operator_session(world: World) -> Outcome:
    """The rehearsal's operator logs in, and asks who they are."""
    platform = world.kept(Rehearsal).platform
    session = operator_logs_in(world, platform)
    return platform.me(Anyone(session.value.access_token)) if session.done else session


def operator_logs_in(world: World, platform: HttpDriver) -> Outcome:
    """The operator, who has the same login in every environment, logs in to one."""
    email, password = world.addresses.operator_email, world.addresses.operator_password
    return platform.log_in(Anyone(), email=email, password=password)


def _encrypt(world: World, draft: Draft) -> None:
    """Have the stores reached over encrypted links, whose certificates are verified."""
    # What leads to the replica is not encrypted.
    draft.remove("database.replica")
    certificate = quote(str(world.stack.authority))
    for key, link, scheme, query in (
        ("database.url", "postgres", "postgresql", f"sslmode=verify-full&sslrootcert={certificate}"),
        ("database.owner_url", "postgres", "postgresql", f"sslmode=verify-full&sslrootcert={certificate}"),
        ("redis.url", "redis", "rediss", f"ssl_ca_certs={certificate}"),
        ("clickhouse.url", "clickhouse", "https", f"ca_cert={certificate}"),
    ):
        opened_link = world.stack.open_link(link, tls=True)
        world.undo.register(f"close the encrypted link to {link}", opened_link.close)
        parts = urlsplit(str(draft.value(key)))
        login = parts.netloc.rpartition("@")[0]
        draft.set(key, parts._replace(scheme=scheme, netloc=f"{login}@{opened_link.address}", query=query).geturl())


UNENCRYPTED = ("test", "development")


def start(world: World, rehearsal: Rehearsal, service: str) -> None:
    """Have a service of it run until the end of the scenario.

    :raises NotShown: it does not start.
    """
    _begin(world, rehearsal, service)()


def _begin(world: World, rehearsal: Rehearsal, service: str) -> Callable[[], None]:
    """Begin to start a service of it; gives what waits until it runs."""
    kind = facts(world).services[service].rpartition(".")[2]
    log = world.addresses.log_dir / f"{rehearsal.environment}-{kind}.log"
    place = commands.place_of(rehearsal.candidate)
    program = world.programs.start(
        facts(world).services[service],
        *place.arguments, "--instance", f"{rehearsal.environment}-{kind}",
        *commands.as_started(world, starts.like(world, service)),
        log=log, variables=place.variables,
    )  # fmt: skip
    rehearsal.running[kind] = program

    def is_ready() -> bool:
        return program.has_ended or rehearsal.platform.running_configuration(Anyone(), rehearsal.urls[kind]).done

    def wait_until_ready() -> None:
        waiting.wait_for(is_ready, bool, world.budgets.limit("start"), f"{service} of {rehearsal.environment}")
        if program.has_ended:
            raise NotShown(f"{service} of {rehearsal.environment} does not start: {log.read_text()[-500:]}")

    return wait_until_ready


# -- stores of its own ------------------------------------------------------------------------------------------------


def _own_database(world: World, draft: Draft) -> None:
    name = f"{_OTHER}_{secrets.token_hex(4)}"
    opened.execute_as_owner(world, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    world.undo.register("drop the other database", partial(opened.execute_as_owner, world, drop))
    for key in ("url", "owner_url"):
        draft.set(f"database.{key}", _renamed(str(draft.value(f"database.{key}")), name))


def _own_cache(world: World, draft: Draft) -> None:
    _clear_cache(world)
    world.undo.register("clear the other cache", partial(_clear_cache, world))
    draft.set("redis.url", _renamed(str(draft.value("redis.url")), str(_CACHE_NUMBER)))


def _clear_cache(world: World) -> None:
    with opened.cache(world.addresses, _CACHE_NUMBER) as store:
        store.flushdb()


def _own_analytics(world: World, draft: Draft) -> None:
    name = f"{_OTHER}_{secrets.token_hex(4)}"
    _in_analytics(world, f"CREATE DATABASE {name}")
    world.undo.register("drop the other analytics store", partial(_in_analytics, world, f"DROP DATABASE {name}"))
    draft.set("clickhouse.url", _renamed(str(draft.value("clickhouse.url")), name))


def _in_analytics(world: World, command: str) -> None:
    with opened.analytics(world) as client:
        client.command(command)


STORES: Mapping[str, Callable[[World, Draft], None]] = {
    "database": _own_database,
    "cache": _own_cache,
    "analytics store": _own_analytics,
}
_KEYS = {"database": "database.url", "cache": "redis.url", "analytics store": "clickhouse.url"}


def with_foreign(world: World, environment: str, store: str) -> Place:
    """The configuration of another environment in which one store is that of the deployed platform; a start on it must
    name both environments.
    """
    rehearsal = prepare(world, environment)
    deployed, draft = Draft.of_deployed(world), rehearsal.candidate.draft
    section = _KEYS[store].partition(".")[0]
    draft.settings[section] = deployed.settings[section]
    own = str(deployed.settings["environment"])
    world.undo.register("see whose the cache is", partial(_claim_cache, world, own))
    draft.faults = [Fault("", _KEYS[store], f"belongs to the environment {own}, and this is {environment}")]
    return commands.place_of(candidate(world, draft))


def _claim_cache(world: World, environment: str) -> None:
    """A service that should have refused may have taken the cache for its own environment's."""
    with opened.cache(world.addresses) as store:
        store.set(facts(world).claim, environment)


def _renamed(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def with_foreign_database(world: World) -> Place:
    """The deployed configuration with the database of the rehearsal."""
    rehearsal, draft = world.kept(Rehearsal), Draft.of_deployed(world)
    draft.settings["database"] = rehearsal.candidate.draft.settings["database"]
    own = str(draft.settings["environment"])
    draft.faults = [
        Fault("", _KEYS["database"], f"belongs to the environment {rehearsal.environment}, and this is {own}")
    ]
    return commands.place_of(candidate(world, draft))
