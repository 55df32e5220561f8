"""What lies behind the doors of the platform breaks, and what those who ask meanwhile are told."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from itertools import chain

import psycopg
from hamcrest import equal_to

from support.api import access, endpoints
from support.api.endpoints import Try
from support.api.owned_resources import Belongings
from support.api.rights import ANYBODY, OPERATORS, SERVICES, rights_of
from support.platform.dialect import Meaning
from support.platform.openapi import Operation, operations
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stack.client import Fault
from support.stores import rows
from support.stores.logs import Link, ServiceLogs

FAILED = "tried while broken"
LOGS = "logs since it broke"
_FIGURES = "GET /v1/jobs"
_WATCHING = "live events"
# What cannot be answered without what the services share; what it is used for elsewhere, they can do without.
_SHARED = (_WATCHING, "GET /v1/operations/instances")
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
    SHARED = "what the services share cannot be reached"
    SILENT = "what the services share gives no answer"

    @property
    def line(self) -> str:
        """The line that the fault is on."""
        if self.is_shared:
            return "redis"
        return "clickhouse" if self is Breakdown.FIGURES else "postgres"

    @property
    def is_shared(self) -> bool:
        """Whether it is what the services share."""
        return self in (Breakdown.SHARED, Breakdown.SILENT)

    @property
    def fault(self) -> Fault:
        """The fault."""
        if self is Breakdown.CONVERSATIONS:
            return Fault(kind="reset_after", after_bytes=_A_FEW_BYTES)
        return Fault(kind="blackhole" if self is Breakdown.SILENT else "refuse")

    def concerns(self, door: Operation) -> bool:
        """Whether what is behind a door may need it."""
        if self.is_shared:
            # Reading alone: a run's story is kept there, and would not be complete.
            return door.method == "GET"
        return door.place == _FIGURES if self is Breakdown.FIGURES else True

    def spares(self, tried: Try) -> bool:
        """Whether a door has shown that it needs it not."""
        return self.is_shared and tried.answer.done and tried.place not in _SHARED


def try_doors_while(world: World, broken: Breakdown) -> None:
    """Have the customer, or an operator, try every door that needs what is broken; it works again afterwards."""
    owned, operator = world.recall(access.OWNED, Belongings), world.users.operator
    concerned = [door for door in _doors(world) if broken.concerns(door)]

    def attempt() -> list[Try]:
        def of(caller: User, operators: bool) -> list[Try]:
            chosen = [each for each in concerned if _is_operators(each) == operators]
            return endpoints.try_all(world, chosen, caller, owned.ids)

        # Side by side: each of them may have to wait until the platform has lost its patience.
        with ThreadPoolExecutor() as together:
            attempts = [together.submit(of, owned.owner, False), together.submit(of, operator, True)]
            if broken is not Breakdown.FIGURES:
                attempts.append(together.submit(lambda: [_try_to_watch(world, owned.owner)]))
        tried = chain.from_iterable(each.result() for each in attempts)
        return [each for each in tried if not broken.spares(each)]

    listening = rows.listening(world)
    try_noting(world, lambda: _broken(world, broken, attempt))
    world.eventually(lambda: rows.listening(world), equal_to(listening), "service back", "services that listen again")
    world.eventually(
        lambda: _try_to_watch(world, owned.owner).answer, lambda answer: answer.done, "service back", "watching again"
    )


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
    try_noting(world, lambda: endpoints.try_all(world, chosen, owner, owned.ids))


def _change(world: World, owner: User, statements: Sequence[str]) -> None:
    with psycopg.connect(world.addresses.postgres_application_url) as connection:
        connection.execute(_ACT, [owner.tenant.id])
        for statement in statements:
            connection.execute(statement, [owner.tenant.id])


def try_noting(world: World, attempt: Callable[[], Sequence[Try]]) -> None:
    """Make an attempt; notes what came of it, and the logs from its beginning on."""
    world.facts[LOGS] = ServiceLogs(world.addresses.log_dir)
    world.facts[FAILED] = list(attempt())


def lines_of_failures(world: World) -> list[Link]:
    """What the services have logged since it broke and was not looked at yet."""
    return world.recall(LOGS, ServiceLogs).new_lines()


def _broken(world: World, broken: Breakdown, attempt: Callable[[], list[Try]]) -> list[Try]:
    world.faults.on_link(broken.line, broken.fault)
    if broken is not Breakdown.SILENT:
        world.faults.reset_connections(broken.line)
    tried = attempt()
    world.faults.heal(broken.line)
    return tried


def _try_to_watch(world: World, user: User) -> Try:
    """Open a live connection for a moment."""
    capture = world.try_to_watch(user)
    capture.close()
    answer = capture.handshake
    meaning = Meaning.FAILED if answer.status is None else world.platform.dialect.meaning(answer.status)
    return Try(
        _WATCHING,
        Outcome("GET", _WATCHING, answer.status, answer.headers, answer.body, answer.error, meaning, answer.seconds),
    )


def _is_operators(door: Operation) -> bool:
    return rights_of(door) == OPERATORS


def _doors(world: World) -> list[Operation]:
    """Every way in for customers, those without a token too; how a service is does not count."""
    with_token = [door for door in endpoints.doors(world) if rights_of(door) != SERVICES]
    without = [each for each in operations(world) if rights_of(each) == ANYBODY and not each.path.startswith(_HEALTH)]
    return [*without, *with_token]
