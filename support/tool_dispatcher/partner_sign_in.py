"""An agent that signs in at a partner: the secrets of that call, and every text in which they may not be."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from hamcrest.core.base_matcher import BaseMatcher
from psycopg import sql

from support.matchers.faultless import faultless
from support.platform.components import Component
from support.redaction import know_secret
from support.scenario import agents
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.work import Work
from support.scenario.world import RunHandle, World
from support.stores import opened
from support.stores.logs import whole_logs
from support.tool_dispatcher.tool_calls import events_of_last_run

_STORED = ("tool call", "row of runs", "row of messages", "row of tool_calls", "entry of the stream")
"""What is always stored of a run: a search that does not find it has looked in the wrong place."""
_TELLING = 14
"""So many of a secret's first characters tell it from all others."""
_LOGS = (Component.API, Component.WORKERS, Component.TOOLS)
_ROWS = {"runs": "id", "messages": "run_id", "tool_calls": "run_id"}


@dataclass(frozen=True, slots=True)
class SignIn:
    """The secrets that the tool was to send and those that it received, by name; a harmless word of each side."""

    user: User
    sent: Mapping[str, str]
    received: Mapping[str, str]
    harmless: tuple[str, ...]

    @property
    def secrets(self) -> dict[str, str]:
        return {**self.sent, **self.received}


@dataclass(frozen=True, slots=True)
class Searched:
    """Texts that are searched for secrets, each after its place and a colon, and what must be in one of them.

    Without this control the search proves nothing.
    """

    texts: Sequence[str]
    control: tuple[str, ...]


def hide(secrets: Mapping[str, str]) -> BaseMatcher[Searched]:
    """Texts with their control and without any of the secrets, of which a mismatch gives the names."""

    def faults(searched: Searched) -> list[str]:
        found = [
            f"{text.partition(':')[0]} shows the {name}"
            for text in searched.texts
            for name, secret in secrets.items()
            # Also where a text was cut in the middle of it.
            if secret[:_TELLING] in text
        ]
        missing = [word for word in searched.control if not any(word in text for text in searched.texts)]
        if missing or not searched.control:
            found.append(f"nothing shows {', '.join(missing) or 'what is known'}, so the search proves nothing")
        return found

    return faultless(f"no {', '.join(secrets)}", faults)


def _sign_in(world: World, customer: User) -> RunHandle | None:
    """Start an agent that signs in: secrets under names that say so, deep down, and within other texts."""
    made = [f"hidden{secrets.token_hex(12)}" for _ in range(8)]
    password, proxy, bearer, late, device, session, note, given = made
    # The text that it stands in is short, too.
    pin = f"pin{secrets.token_hex(4)}"
    for secret in (*made, pin):
        know_secret(secret)
    path = own_path(customer)
    answer = {"welcome": "good-morning", "session_token": session, "note": f"password={note}, as is"}
    world.partner.serve(path, {**answer, "device": _deep(given)})
    login = agents.call(
        "probe_sign_in",
        path=path,
        user="reader-of-bills",
        password=password,
        proxy=f"https://reader:{proxy}@proxy.example/",
        headers=[
            "accept: text/plain",
            f"Authorization: Bearer {bearer}",
            f"n: password={pin}",
            *(f"via: {before * 'x'} https://reader:{late}@proxy.example/" for before in range(60, 200, 20)),
        ],
        device=_deep(device),
    )
    sent = {
        "password": password,
        "proxy": proxy,
        "bearer token": bearer,
        "late password": late,
        "device's key": device,
        "PIN": pin,
    }
    received = {"session token": session, "noted password": note, "given key": given}
    world.keep(SignIn(customer, sent, received, ("reader-of-bills", "good-morning")))
    return world.start_run(customer, agents.PROBE, input=agents.calling(login))


def _deep(secret: str) -> dict[str, Any]:
    """A secret in the depth of a structure, under names as different programs spell them."""
    named = [{name: secret} for name in ("api_key", "Password", "apiKey", "ACCESS_TOKEN", "client-secret")]
    return {"name": "laptop", "vault": {"shelves": [{"boxes": [{"entries": named}]}]}}


def received_by_partner(world: World) -> list[str]:
    """The names of the secrets that the partner received."""
    signed_in = world.kept(SignIn)
    received = "\n".join(call.body for call in world.partner.calls(own_path(signed_in.user)))
    return [name for name, secret in signed_in.sent.items() if secret in received]


def _in_events(world: World) -> Searched:
    """The events that the customer received of the call."""
    signed_in = world.kept(SignIn)
    events = [event for event in events_of_last_run(world, signed_in.user) if event.call_id]
    return Searched([f"{event.type}: {json.dumps(dict(event.payload))}" for event in events], signed_in.harmless)


def _in_stores(world: World) -> Searched:
    """All that was kept of the run: in the logs of the services that took part, in PostgreSQL and in Redis."""
    signed_in = world.kept(SignIn)
    run = world.run_of(signed_in.user)
    texts = [*_logged(world, run), *_in_postgres(world, run), *_in_redis(world, run)]
    return Searched(texts, (run.run_id, *_STORED, *signed_in.harmless))


def _logged(world: World, run: RunHandle) -> list[str]:
    marks = (run.run_id.encode(), run.trace_id.encode())
    entries = [
        entry.text
        for component in _LOGS
        for entry in whole_logs(world.addresses.log_dir, world.target.part(component).logs)
    ]
    return [f"log: {text.decode('utf-8', 'replace')}" for text in entries if any(mark in text for mark in marks)]


def _in_postgres(world: World, run: RunHandle) -> list[str]:
    """Rows as text, with the table that each is in; a table whose rows are not there is missing."""
    with opened.as_observer(world) as connection:
        return [
            f"row of {table}: {row}"
            for table, column in _ROWS.items()
            for (row,) in connection.execute(
                sql.SQL("select t::text from {} t where {} = %s").format(sql.Identifier(table), sql.Identifier(column)),
                [run.run_id],
            )
        ]


def _in_redis(world: World, run: RunHandle) -> list[str]:
    with opened.cache(world.addresses) as client:
        entries = cast("list[tuple[str, dict[str, str]]]", client.xrange(f"events:{run.user.id}"))
        names = client.scan_iter(f"*{run.user.tenant.id}*", _type="string")
        values = [f"value in Redis: {client.get(name)}" for name in names]
    return [f"entry of the stream: {entry['event']}" for _, entry in entries] + values


SEARCHES: dict[str, Callable[[World], Searched]] = {
    "the events of the tool call": _in_events,
    "the platform's databases and logs": _in_stores,
}
"""Where secrets are looked for, as a feature says it."""
WORK: dict[str, Work] = {"an agent that signs in to the partner": _sign_in}
