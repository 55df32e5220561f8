"""An agent that signs in at a partner: which secrets go to and fro, and where they may be seen."""

import json
import secrets
from dataclasses import dataclass
from typing import cast

import psycopg
import redis
from psycopg import sql

from support.redaction import know_secret
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import RunHandle, World
from support.stores.logs import whole_logs
from support.tool_dispatcher.tool_calls import events_of_last_run

SIGNED_IN = "signed in"
KEPT = ("tool call", "row of runs", "row of messages", "row of tool_calls", "entry of the stream")
"""Of whatever may be kept of a run something is: the control of a search in it."""
_LOGS = ("backend", "worker-*", "tools-*")
_ROWS = {"runs": "id", "messages": "run_id", "tool_calls": "run_id"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """The secrets that the tool was given and those that it gave back, and a harmless word of each side."""

    user: User
    given: tuple[str, ...]
    returned: tuple[str, ...]
    harmless: tuple[str, ...]

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.given + self.returned


def sign_in(world: World, customer: User) -> None:
    """An agent of the customer signs in: secrets under names that tell of them, and in the middle of other texts."""
    password, proxy, bearer, session, note = (f"hidden{secrets.token_hex(12)}" for _ in range(5))
    for secret in (password, proxy, bearer, session, note):
        know_secret(secret)
    path = own_path(customer)
    world.partner.serve(path, {"welcome": "good-morning", "session_token": session, "note": f"password={note}, as is"})
    login = agents.call(
        "probe_sign_in",
        path=path,
        user="reader-of-bills",
        password=password,
        proxy=f"https://reader:{proxy}@proxy.example/",
        headers=["accept: text/plain", f"Authorization: Bearer {bearer}"],
    )
    world.facts[SIGNED_IN] = SignIn(
        customer, (password, proxy, bearer), (session, note), ("reader-of-bills", "good-morning")
    )
    world.ended(world.running(customer, agents.PROBE, input=agents.calling(login)))


def at_partner(world: World) -> str:
    """What the partner was sent."""
    done = world.recall(SIGNED_IN, SignIn)
    return "\n".join(call.body for call in world.partner.calls(own_path(done.user)))


def shown(world: World) -> str:
    """What the customer was shown of the call as it began and as it ended."""
    events = events_of_last_run(world, world.recall(SIGNED_IN, SignIn).user)
    return "\n".join(json.dumps(dict(event.payload)) for event in events if event.call_id)


def written_down(world: World) -> str:
    """All that was kept of the run: in the logs of the services that took part, in PostgreSQL and in Redis."""
    run = world.run_of(world.recall(SIGNED_IN, SignIn).user)
    return "\n".join([*_logged(world, run), *_in_postgres(world, run), *_in_redis(world, run)])


def _logged(world: World, run: RunHandle) -> list[str]:
    marks = (run.run_id.encode(), run.trace_id.encode())
    lines = [line for services in _LOGS for line in whole_logs(world.addresses.log_dir, services)]
    return [line.text.decode("utf-8", "replace") for line in lines if any(mark in line.text for mark in marks)]


def _in_postgres(world: World, run: RunHandle) -> list[str]:
    """Rows as text, with the table that each is in; a table whose rows are not there is missing."""
    with psycopg.connect(world.addresses.postgres_observer_url, connect_timeout=5) as connection:
        return [
            f"row of {table}: {row}"
            for table, column in _ROWS.items()
            for (row,) in connection.execute(
                sql.SQL("select t::text from {} t where {} = %s").format(sql.Identifier(table), sql.Identifier(column)),
                [run.run_id],
            )
        ]


def _in_redis(world: World, run: RunHandle) -> list[str]:
    with redis.Redis.from_url(world.addresses.redis_url, decode_responses=True) as client:
        entries = cast("list[tuple[str, dict[str, str]]]", client.xrange(f"events:{run.user.id}"))
        names = client.scan_iter(f"*{run.user.tenant.id}*", _type="string")
        kept = [str(client.get(name)) for name in names]
    return [f"entry of the stream: {entry['event']}" for _, entry in entries] + kept
