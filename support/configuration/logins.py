"""The logins of the platform at its database and its cache, replaced by whoever operates them."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import quote, urlsplit

from psycopg import sql

from support.configuration.draft import Draft
from support.configuration.effects import ASKED_AFTERWARDS, CrowdAnswers, crowd_at_work
from support.configuration.rotation import new_secret
from support.configuration.running import change, expect_everywhere
from support.scenario.world import World
from support.stores import opened
from support.stores.redis import OURS

_SESSIONS = "select application_name from pg_stat_activity where usename = %s and application_name = any(%s)"
_TERMINATE = "select pg_terminate_backend(pid) from pg_stat_activity where usename = {}"


@dataclass(frozen=True, slots=True)
class Login:
    """The names of a login before and after it was replaced."""

    old: str
    new: str


def replace_while_used(world: World, store: str) -> None:
    """Everybody works while the operator makes another login and deploys it; the old one can still be used."""
    crowd = crowd_at_work(world, world.users.customers)
    STORES[store](world)
    expect_everywhere(world)
    world.keep(CrowdAnswers([answer for _, answer in crowd.answers(ASKED_AFTERWARDS)]))


def _new_database_login(world: World) -> None:
    old = urlsplit(world.addresses.postgres_application_url).username or ""
    new, password = f"{old}_{secrets.token_hex(4)}", new_secret()
    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
    opened.execute_as_owner(world, create.format(sql.Identifier(new), sql.Literal(password), sql.Identifier(old)))
    drop = sql.SQL("DROP ROLE {}").format(sql.Identifier(new))
    world.undo.register("drop the new database login", partial(opened.execute_as_owner, world, drop))
    world.undo.register("end the sessions of the new database login", partial(_end_sessions, world, new))
    _deploy(world, "database.url", Login(old, new), password)


def _new_cache_login(world: World) -> None:
    new, password = f"platform-{secrets.token_hex(4)}", new_secret()
    with opened.cache(world.addresses) as store:
        store.acl_setuser(new, enabled=True, passwords=[f"+{password}"], keys="*", channels="*", commands=["+@all"])
    world.undo.register("drop the new cache login", partial(_drop_cache_login, world, new))
    _deploy(world, "redis.url", Login("default", new), password)


def _deploy(world: World, key: str, login: Login, password: str) -> None:
    world.keep(login)

    def edit(draft: Draft) -> None:
        parts = urlsplit(str(draft.value(key)))
        place = f"{parts.hostname}:{parts.port}"
        url = parts._replace(netloc=f"{quote(login.new)}:{quote(password)}@{place}").geturl()
        draft.secrets[draft.facts.file_of(key)] = url

    change(world, edit)


STORES: Mapping[str, Callable[[World], None]] = {"database": _new_database_login, "cache": _new_cache_login}


def old_database_sessions(world: World) -> list[str]:
    """The services whose pools have sessions of the old login; what listens for notifications is left out."""
    login = world.kept(Login)
    with opened.as_observer(world) as connection:
        return [str(name) for (name,) in connection.execute(_SESSIONS, [login.old, list(world.target.instances)])]


def expect_new_cache_login(world: World) -> None:
    """Reset the platform's connections to the cache: each comes back under the new login, and none under the old.

    :raises DeadlinePassed: it does not.
    """
    login = world.kept(Login)
    world.stack.cut_connections("redis")
    with opened.cache(world.addresses) as store:

        def by_login() -> Mapping[str, int]:
            users = [str(client["user"]) for client in store.client_list() if client["name"] != OURS]
            return {name: users.count(name) for name in (login.old, login.new)}

        def is_moved(seen: Mapping[str, int]) -> bool:
            return seen[login.new] >= len(world.target.instances) and not seen[login.old]

        world.eventually(by_login, is_moved, "start", "the cache's connections by their login")


def lock(world: World, store: str) -> None:
    """Have the old login refused, and end what uses it."""
    login = world.kept(Login)
    if store == "cache":
        _lock_cache_login(world, login.old)
        return
    role = sql.Identifier(login.old)
    unlock = sql.SQL("ALTER ROLE {} LOGIN").format(role)
    world.undo.register("unlock the old database login", partial(opened.execute_as_owner, world, unlock))
    opened.execute_as_owner(world, sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
    _end_sessions(world, login.old)


def _end_sessions(world: World, role: str) -> None:
    opened.execute_as_owner(world, sql.SQL(_TERMINATE).format(sql.Literal(role)))


def _drop_cache_login(world: World, name: str) -> None:
    with opened.cache(world.addresses) as store:
        store.acl_deluser(name)


def _lock_cache_login(world: World, name: str) -> None:
    """Whoever locks the login that everybody has needs another one to unlock it."""
    operator, password = f"operator-{secrets.token_hex(4)}", new_secret()
    with opened.cache(world.addresses) as store:
        store.acl_setuser(operator, enabled=True, passwords=[f"+{password}"], commands=["+acl", "+client|setname"])
        address = urlsplit(world.addresses.redis_url)
    url = address._replace(netloc=f"{operator}:{quote(password)}@{address.hostname}:{address.port}").geturl()
    world.undo.register("drop the operator's cache login", partial(_drop_cache_login, world, operator))

    def set_enabled(enabled: bool) -> None:
        with opened.cache(replace(world.addresses, redis_url=url)) as store:
            # The library's own call would also set what the login may do.
            store.execute_command("ACL", "SETUSER", name, "on" if enabled else "off")

    world.undo.register("unlock the old cache login", partial(set_enabled, True))
    set_enabled(False)
    world.stack.cut_connections("redis")
