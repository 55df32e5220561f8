"""A database that fails: what is new in a table for one customer meets a fault, so often as is wanted.

The fault is PostgreSQL's own, caused by a trigger on the customer's rows: nobody else feels it. Each attempt of the
platform to write them is known with its time, because what sequences hold outlives a failed transaction.
"""

from dataclasses import dataclass

from psycopg import sql

from support.scenario.users import Tenant
from support.scenario.world import World
from support.stores import opened

_FUNCTION = """
create function {name}() returns trigger language plpgsql as $$
declare attempt bigint := nextval('{name}_count');
begin
  if attempt <= {timed} then
    perform setval('{name}_at_' || attempt, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
  end if;
  if attempt <= {times} then {fault} end if;
  return null;
end $$
"""
# A deferred one fires while the transaction is committed, before it has been.
_TRIGGER = """
create constraint trigger {name} after insert on {table} deferrable initially {when}
for each row when (new.tenant_id = {tenant}) execute function {name}()
"""
_TIMED = 10
ALWAYS = 1_000_000
LOST = "perform pg_terminate_backend(pg_backend_pid()); perform 1;"
"""The connection is lost."""


def raising(condition: str) -> str:
    """An error, by its name in PostgreSQL."""
    return f"raise exception using errcode = '{condition}', message = 'caused by the acceptance suite';"


def waiting_for(number: int) -> str:
    """A wait for an advisory lock, and nothing else."""
    return f"perform pg_advisory_xact_lock({number});"


@dataclass(frozen=True, slots=True)
class FailingWrites:
    """Writes that meet a fault until the end of the scenario."""

    world: World
    name: str

    def attempts(self) -> list[float]:
        """When each of the first attempts to write came to the database, in seconds since the epoch."""
        with opened.as_owner(self.world) as owner:
            at = [
                owner.execute(_of("select case when is_called then last_value end from {at}", at=each)).fetchone()
                for each in _sequences(self.name)[1:]
            ]
        return [row[0] / 1_000_000 for row in at if row is not None and row[0] is not None]


def fail(
    world: World, tenant: Tenant, table: str, fault: str, *, times: int = ALWAYS, at_commit: bool = False
) -> FailingWrites:
    """Have what is new in a table for a tenant meet a fault the first so many times."""
    name = f"suite_{table}_{tenant.id[:8]}"
    with opened.as_owner(world) as owner:
        world.undo.register(f"heal writes to {table}", lambda: _heal(world, name))
        for each in _sequences(name):
            owner.execute(_of("create sequence {at}", at=each))
            owner.execute(_of("grant all on sequence {at} to public", at=each))
        owner.execute(_of(_FUNCTION, name=name, timed=str(_TIMED), times=str(times), fault=fault))
        when = "deferred" if at_commit else "immediate"
        owner.execute(_of(_TRIGGER, name=name, table=table, tenant=f"'{tenant.id}'", when=when))
    world.evidence.note("fault", kind="writes fail", table=table, fault=fault, times=times, at_commit=at_commit)
    return world.keep(FailingWrites(world, name))


def _heal(world: World, name: str) -> None:
    with opened.as_owner(world) as owner:
        owner.execute(_of("drop function {name} cascade", name=name))
        owner.execute(_of("drop sequence {all}", all=", ".join(_sequences(name))))


def _sequences(name: str) -> list[str]:
    return [f"{name}_count", *(f"{name}_at_{number + 1}" for number in range(_TIMED))]


def _of(statement: str, **parts: str) -> sql.Composed:
    return sql.SQL(statement).format(**{name: sql.SQL(part) for name, part in parts.items()})
