"""Transactions over a time limit of the database: of services, runs and migrations; and a database that hangs."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from uuid import uuid4

from hamcrest.core.base_matcher import BaseMatcher

from support.api.calls import Call, Calls
from support.configuration import commands, running, starts
from support.configuration.draft import Candidate, Draft
from support.configuration.faults import Complaint
from support.configuration.rehearsals import STORES
from support.matchers.faultless import faultless, is_just
from support.matchers.outcomes import all_succeed
from support.platform.components import Component
from support.platform.dialect import Meaning
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.platform.target import kind_of
from support.scenario import waiting
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import DeadlinePassed
from support.scenario.world import World
from support.stores import opened
from support.stores.locks import Hold
from support.stores.logs import ServiceLogs

_TITLE = "Over the limit"
_BUDGET = "error after a time limit"
# One that is never ended must not be waited for without end.
_LONGEST = 3.0
_NAMES = "select pid, split_part(application_name, ' ', 1) from pg_stat_activity where pid = any(%s)"
_ENDED = re.compile(r"\[(\d+)\] (\w{5}) \S+ (?:ERROR|FATAL):")


class Limit(Enum):
    """What the database limits, as a feature names it."""

    STATEMENT = "statements"
    LOCK = "lock waits"
    IDLE = "idle transactions"

    @property
    def state(self) -> str:
        """PostgreSQL's code of the error."""
        return {"statements": "57014", "lock waits": "55P03", "idle transactions": "25P03"}[self.value]

    @property
    def words(self) -> str:
        """How PostgreSQL names it in its messages."""
        named = {"statements": "statement", "lock waits": "lock", "idle transactions": "idle-in-transaction"}
        return f"due to {named[self.value]} timeout"

    @property
    def setting(self) -> str:
        """How the driver names the setting."""
        return f"database limit on {self.value}"

    @property
    def seconds(self) -> float:
        """The lowered limit."""
        return 0.5


@dataclass(frozen=True, slots=True)
class Overrun:
    """Transactions over a limit: the service of each session, for which code the database has ended it (None: it has
    not), and in how many seconds the last was ended.
    """

    limit: Limit
    services: Sequence[str]
    ended: Mapping[int, tuple[str, str | None]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Repeatable:
    """The requests over the limit, and who sent them."""

    customer: User
    requests: Sequence[Callable[[], Outcome]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hang:
    """A database that has hung: after so many seconds every service had said so, and when it answered again."""

    reported_after: float
    over_at: float


def lower(world: World, limit: Limit) -> None:
    """Have the operator deploy a lower limit, and every service take it over."""
    name = f"lower {limit.value}"

    def edit(draft: Draft) -> None:
        draft.change(limit.setting)
        draft.set("version", name)

    running.change(world, edit)
    running.expect_versions(world, name)


def exceed(world: World, customer: User, limit: Limit) -> None:
    """A request to each service that looks at sessions meets what is held, for longer than the limit."""
    who, operator = Anyone(customer.access_token), Anyone(world.users.operator.access_token)
    requests: dict[str, Callable[[], Outcome]] = {
        "auth": lambda: world.platform.me(who),
        "backend": lambda: world.platform.create_thread(who, _TITLE),
        "analytics": lambda: world.platform.jobs(who, str(uuid4())),
        "operator": lambda: world.platform.operator_runs(operator),
    }
    hold = Hold(world).table_from_all("sessions")
    with ThreadPoolExecutor(len(requests)) as together:
        answers = [together.submit(ask) for ask in requests.values()]
        try:
            _observe(world, hold, limit, ("analytics", "auth", "backend"))
        finally:
            hold.release()
            _thaw(world, limit)
        outcomes = [answer.result() for answer in answers]
    world.keep(Calls([Call(f"{each.method} {each.path}", each) for each in outcomes]))
    world.keep(Repeatable(customer, list(requests.values())))


def exceed_in_run(world: World, customer: User, stored: "Stored", limit: Limit) -> None:
    """Something of the customer's run, which waits for the partner, is stored where the table is held for too long."""
    hold = stored.hold(Hold(world), customer)
    world.partner.release(own_path(customer))
    try:
        _observe(world, hold, limit, (stored.service,))
    finally:
        hold.release()
        _thaw(world, limit)
    world.ended()


@dataclass(frozen=True, slots=True)
class Stored:
    """Something of a run that a service stores, and how that is held up."""

    service: str
    hold: Callable[[Hold, User], Hold]


STORED = {
    "the result of a tool call": Stored("tools", lambda hold, user: hold.table("tool_calls")),
    # The answer is a message in the conversation, which no other transaction needs.
    "the answer": Stored("worker", lambda hold, user: hold.rows(user.tenant, "threads")),
}


def start_while_locked(world: World, service: str) -> None:
    """Start a service on an empty database in which another session is about to make a table of the schema."""
    candidate = world.kept(Candidate)
    STORES["database"](world, candidate.draft)
    candidate.draft.write(candidate.file, candidate.secrets)
    name = str(candidate.draft.value("database.owner_url")).rpartition("/")[2]
    hold = Hold(world, opened.as_owner(world, dbname=name)).new_table("alembic_version")
    with ThreadPoolExecutor(1) as alone:
        trying = alone.submit(starts.start, world, service, commands.of_candidate(world))
        try:
            _observe(world, hold, Limit.LOCK, ("candidate",), within="start")
        finally:
            hold.release()
        world.keep(trying.result())


def hang(world: World) -> None:
    """The database hangs until every service has said that it is not ready, and then answers again."""
    instances = world.platform.mesh(world.users.operator, world.addresses.instances["backend"]).require()
    database = Component.DATABASE
    # What it says of itself is no refusal of what somebody has asked for.
    platform = type(world.platform)({})
    began = time.monotonic()
    world.faults.freeze(database)

    def say_so(url: str, path: str, seconds: float) -> None:
        # How long the slowest has taken is for the Then to judge.
        with suppress(DeadlinePassed):
            waiting.wait_for(
                lambda: platform.health(Anyone(), url, path, seconds).meaning,
                lambda meaning: meaning is Meaning.UNAVAILABLE,
                world.budgets.limit("health turns"),
            )

    with ThreadPoolExecutor(len(instances)) as together:
        list(together.map(lambda each: say_so(each.url, each.health_path, each.timeout_seconds), instances))
    reported = time.monotonic() - began
    world.faults.thaw(database)
    world.keep(Hang(reported, time.monotonic()))


def expect_repeatable(world: World) -> None:
    """The same requests succeed now, and there is one conversation for each time that one was created."""
    kept = world.kept(Repeatable)
    again = [ask() for ask in kept.requests]
    world.expect(again, all_succeed())
    made = [call.answer for call in world.kept(Calls).made] + again
    created = [answer.value.id for answer in made if answer.done and answer.method == "POST"]
    found = [item.id for item in world.platform.threads(kept.customer).require().items]
    world.expect(found, is_just(created[::-1]))


# -- observing --------------------------------------------------------------------------------------------------------


def _observe(
    world: World, hold: Hold, limit: Limit, expected: Sequence[str], within: str = "request under way"
) -> None:
    """See transactions of these services wait, have them exceed the limit, and keep what the database made of them."""
    logs, names = ServiceLogs(world.addresses.log_dir), dict[int, str]()

    def present() -> set[str]:
        # One may be over before the next one begins.
        if pids := hold.waiting_for_it:
            names.update((int(pid), str(name)) for pid, name in opened.rows(world, _NAMES, [pids]))
        return {kind_of(name) for name in names.values()}

    world.eventually(present, lambda seen: seen >= {*expected}, within, "services whose transactions wait")
    if limit is Limit.IDLE:
        for service in set(names.values()):
            world.faults.freeze(service)
        # What was asked is answered now, to somebody who does not go on.
        hold.release()
    began, codes = time.monotonic(), dict[int, str]()

    def left() -> set[int]:
        lines = (str(line.fields.get("event")) for line in logs.new_lines() if line.service == "postgres-primary")
        codes.update((int(found[1]), found[2]) for line in lines if (found := _ENDED.search(line)))
        return names.keys() - codes.keys()

    # Which of them were not ended is for the Then to say.
    with suppress(DeadlinePassed):
        waiting.wait_for(left, lambda those: not those, limit.seconds + _LONGEST)
    seconds = time.monotonic() - began
    world.keep(Overrun(limit, expected, {pid: (name, codes.get(pid)) for pid, name in names.items()}, seconds))


def _thaw(world: World, limit: Limit) -> None:
    if limit is Limit.IDLE:
        for service in {name for name, _ in world.kept(Overrun).ended.values()}:
            world.faults.thaw(service)


# -- matchers ---------------------------------------------------------------------------------------------------------


def ended_by_limit() -> BaseMatcher[Overrun]:
    """There was a transaction of every expected service, and the database has ended each because of the limit."""

    def faults_of(overrun: Overrun) -> list[str]:
        present = {kind_of(name) for name, _ in overrun.ended.values()}
        found = [f"no transaction of the {name} was over the limit" for name in sorted({*overrun.services} - present)]
        for name, code in overrun.ended.values():
            if code is None:
                unlimited = f"the limit on {overrun.limit.value} is not set there"
                found.append(f"the database has not ended the transaction of {name}: {unlimited}")
            elif code != overrun.limit.state:
                found.append(f"the transaction of {name} was ended with {code}, expected {overrun.limit.state}")
        return found

    return faultless("the database has ended every transaction because of the limit", faults_of)


def names(limit: Limit) -> BaseMatcher[Complaint]:
    """A start that has failed, and says which limit of the database it has met."""

    def faults_of(complaint: Complaint) -> list[str]:
        found = [] if complaint.code > 0 else [f"the start has not failed: exit code {complaint.code}"]
        said = "\n".join(complaint.lines)
        return found if limit.words in said else [*found, f"it does not say {limit.words!r}: {said[-300:]}"]

    return faultless(f"a failed start that says {limit.words!r}", faults_of)
