"""What lies behind the doors of the platform breaks, and what those who ask meanwhile are told."""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial

import psycopg
from hamcrest import equal_to

from support import access, doors, rows
from support.doors import Try
from support.holdings import Belongings
from support.logs import Line, ServiceLogs
from support.openapi import Operation, operations
from support.rights import ANYBODY, SERVICES, rights_of
from support.stack.client import Fault
from support.users import User
from support.verdict import NotShown
from support.world import World

FAILED = "tried while broken"
LOGS = "logs since it broke"
_FIGURES = "GET /v1/jobs"
_HEALTH = ("/health/", "/metrics")
# So little passes that nobody gets as far as an answer.
_A_FEW_BYTES = 100

_ACT = "select set_config('app.tenant_id', %s, true)"
_SPOIL = (
    """update tenants set cloud_account = '{"number": "spoilt"}' where id = %s""",
    """update runs set steps = '[{"title": "spoilt"}]' where tenant_id = %s""",
)
# Operators look at everybody's runs, also in later scenarios.
_MEND = ("update tenants set cloud_account = null where id = %s", "update runs set steps = '[]' where tenant_id = %s")
_SPOILT = ("GET /v1/cloud-account", "GET /v1/runs", "GET /v1/runs/{run_id}", "POST /v1/runs/{run_id}/cancel")


class Breakdown(Enum):
    """What is broken, as a feature names it."""

    DATABASE = "the database cannot be reached"
    CONVERSATIONS = "the database breaks off whatever it is asked"
    FIGURES = "the store of finished work cannot be reached"

    @property
    def line(self) -> str:
        """The line that the fault is on."""
        return "clickhouse" if self is Breakdown.FIGURES else "postgres"

    @property
    def fault(self) -> Fault:
        """The fault."""
        if self is Breakdown.CONVERSATIONS:
            return Fault(kind="reset_after", after_bytes=_A_FEW_BYTES)
        return Fault(kind="refuse")

    def concerns(self, door: Operation) -> bool:
        """Whether what is behind a door cannot be done meanwhile."""
        return door.place == _FIGURES if self is Breakdown.FIGURES else True


def try_doors_while(world: World, broken: Breakdown) -> None:
    """Have the customer try every door that needs what is broken; it works again afterwards."""
    owned = world.recall(access.OWNED, Belongings)
    concerned = [door for door in _doors(world) if broken.concerns(door)]
    listening = rows.listening(world)
    try_noting(world, lambda: _broken(world, broken, partial(doors.try_all, world, concerned, owned.owner, owned.ids)))
    world.eventually(lambda: rows.listening(world), equal_to(listening), "service back", "services that listen again")


def look_at_the_spoilt(world: World, owner: User) -> None:
    """Have things of the customer spoilt by the platform's own database account, and looked at.

    :raises NotShown: a door behind which they lie is not published any more.
    """
    owned = world.recall(access.OWNED, Belongings)
    world.undo.register(f"mend what of {owner} was spoilt", lambda: _change(world, owner, _MEND))
    _change(world, owner, _SPOIL)
    chosen = [door for door in _doors(world) if door.place in _SPOILT]
    if missing := set(_SPOILT) - {door.place for door in chosen}:
        raise NotShown(f"there is no {', no '.join(sorted(missing))} to look behind")
    try_noting(world, lambda: doors.try_all(world, chosen, owner, owned.ids))


def _change(world: World, owner: User, statements: Sequence[str]) -> None:
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute(_ACT, [owner.tenant.id])
        for statement in statements:
            connection.execute(statement, [owner.tenant.id])


def try_noting(world: World, attempt: Callable[[], Sequence[Try]]) -> None:
    """Make an attempt; notes what came of it, and the logs from its beginning on."""
    world.facts[LOGS] = ServiceLogs(world.addresses.log_dir)
    world.facts[FAILED] = list(attempt())


def lines_of_failures(world: World) -> list[Line]:
    """What the services have logged since it broke and was not looked at yet."""
    return world.recall(LOGS, ServiceLogs).new_lines()


def _broken(world: World, broken: Breakdown, attempt: Callable[[], list[Try]]) -> list[Try]:
    world.faults.on_line(broken.line, broken.fault)
    world.faults.reset_connections(broken.line)
    tried = attempt()
    world.faults.heal(broken.line)
    return tried


def _doors(world: World) -> list[Operation]:
    """Every way in for customers, those without a token too; how a service is does not count."""
    with_token = [door for door in doors.doors(world) if rights_of(door) != SERVICES]
    without = [each for each in operations(world) if rights_of(each) == ANYBODY and not each.path.startswith(_HEALTH)]
    return [*without, *with_token]
