"""PostgreSQL's primary and its replica, as whoever operates them handles them: over the servers' private sockets.

The commands are those of `docs/operating-postgresql.md`.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from support.scenario.world import World
from support.stores import opened

PRIMARY, REPLICA = "postgres-primary", "postgres-replica"
_FOLDERS = {PRIMARY: "primary", REPLICA: "replica"}
_KEPT = ("postgresql.conf", "postgresql.auto.conf")
_PROMOTE_SECONDS = 10
_STANDBY = "standby.signal"


def on(world: World, server: str) -> psycopg.Connection[Any]:
    """A server, opened by its superuser; whatever state it is in, each statement stands alone."""
    folder = _folder(world, server)
    (socket,) = folder.glob(".s.PGSQL.*[0-9]")
    connection: psycopg.Connection[Any] = psycopg.connect(
        host=str(folder),
        port=int(socket.name.rpartition(".")[2]),
        user="postgres",
        dbname=urlsplit(world.addresses.postgres_owner_url).path.lstrip("/"),
        autocommit=True,
    )
    return connection


def value(world: World, server: str, query: str) -> Any:
    """The one value of a query."""
    with on(world, server) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def pause_replay(world: World) -> None:
    """The replica receives what is written, and shows nothing of it, until the end of the scenario."""
    world.undo.register("go on with the replay", partial(_resume_replay, world))
    value(world, REPLICA, "select pg_wal_replay_pause()")
    world.eventually(
        partial(value, world, REPLICA, "select pg_get_wal_replay_pause_state()"),
        lambda state: state == "paused",
        "start",
        "the replica's replay",
    )


def _resume_replay(world: World) -> None:
    """Once the replay goes on, the very statement that let it can be cancelled in favour of what was held back.

    Nothing but a replay that runs cancels a statement for that reason, so it has done its work by then.
    """
    with suppress(psycopg.errors.SerializationFailure):
        value(world, REPLICA, "select pg_wal_replay_resume()")


def expect_replayed(world: World) -> None:
    """Wait until the replica, where there is one, shows everything that the primary holds by now.

    The platform knows of its own writes whether the replica has them yet, and of nobody else's.

    :raises DeadlinePassed: it does not.
    """
    if not world.addresses.replica_observer_url:
        return
    ((place,),) = opened.rows(world, "select pg_current_wal_lsn()::text")
    world.eventually(
        partial(replica_rows, world, "select pg_last_wal_replay_lsn() >= %s::pg_lsn", [place]),
        lambda rows: rows == [(True,)],
        "start",
        "the replica's replay of what was written",
    )


def go_on_alone(world: World) -> None:
    """Have the primary confirm what is on itself alone, until the end of the scenario."""
    world.undo.register("wait for the replica again", partial(_wait_for, world, "*"))
    _wait_for(world, "")


def _wait_for(world: World, names: str) -> None:
    with on(world, PRIMARY) as connection:
        connection.execute("set synchronous_commit = local")
        connection.execute(f"alter system set synchronous_standby_names = '{names}'".encode())
        connection.execute("select pg_reload_conf()")


def promote(world: World) -> None:
    """The replica becomes the server that takes writes; at the end of the scenario both are what they were before.

    The former primary has to be lost by then.
    """
    world.undo.register("have primary and replica as they were", partial(_as_before, world))
    value(world, REPLICA, f"select pg_promote(true, {_PROMOTE_SECONDS})")
    world.evidence.note("replica promoted")


def _as_before(world: World) -> None:
    """The former primary begins anew with all that the promoted one has, which follows it from there."""
    world.stack.stop(REPLICA)
    primary, replica = (_folder(world, each) / "data" for each in (PRIMARY, REPLICA))
    kept: Mapping[str, bytes] = {name: (primary / name).read_bytes() for name in _KEPT}
    owner = primary.stat()
    shutil.rmtree(primary)
    shutil.copytree(replica, primary, symlinks=True)
    for each in (primary, *primary.rglob("*")):
        shutil.chown(each, owner.st_uid, owner.st_gid)
    for name, content in kept.items():
        (primary / name).write_bytes(content)
    signal = replica / _STANDBY
    signal.touch(mode=0o600)
    shutil.chown(signal, owner.st_uid, owner.st_gid)
    for service in (PRIMARY, REPLICA):
        world.stack.start_service(service)


def replica_rows(world: World, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query finds on the replica, in the observer's role."""
    with opened.on_replica(world) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def replica_reads(world: World) -> Mapping[str, int]:
    """How many rows of each table the replica has read so far, as far as it has said so."""
    query = "select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables"
    return {str(name): int(count) for name, count in replica_rows(world, query)}


def _folder(world: World, server: str) -> Path:
    return world.addresses.run_dir / _FOLDERS[server]
