"""The primary database is lost while customers write; the operator has the replica take its place."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from support.business_data.conversations import all_of
from support.database_management.confirmed_changes import Entry, keeps_every_confirmed_change, told_by
from support.load.http_crowd import CrowdRequest, HttpCrowd
from support.load.populations import at_once, organisations
from support.matchers.faultless import is_just
from support.platform.components import Component
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import Plan, User
from support.scenario.world import World
from support.stores import opened, replication

MESSAGES, EXPENSES = "messages", "expenses"
_PRICE = "0.01"
_PEOPLE, _WRITES, _PAUSE = 4, {"full": 100, "small": 60}, 0.02
_BEFORE = 20
"""Changes that are stored before the database is lost."""
_HELD = 4
_WAITING = "(select count(*) from pg_stat_activity where wait_event = 'SyncRep')"


@dataclass(frozen=True, slots=True)
class Writers:
    """Who writes, each into a conversation of their own."""

    threads: Mapping[User, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A change by its kind, with a name that no other of the same customer has."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """What came of each change, in the order in which each customer asked; ``lost_at``: when the database was lost."""

    answers: Sequence[tuple[CrowdRequest, Outcome]]
    lost_at: float


def _four_writers(world: World) -> None:
    people = organisations(world, _PEOPLE, 1, Plan.MID)
    threads: dict[User, str] = {}

    def prepare(user: User) -> None:
        world.platform.set_allowance(user, "1000.00").require()
        threads[user] = world.platform.create_thread(user, "What I write").require().id

    at_once(people, prepare)
    world.keep(Writers(threads))


GROUPS: dict[str, Callable[[World], None]] = {
    "four Mid customers with an allowance and a conversation": _four_writers,
}


def _crash(world: World, begun: int) -> None:
    """The primary crashes in the middle of the work."""
    world.eventually(partial(_stored, world), lambda count: count >= begun + _BEFORE, "run starts", "changes stored")


def _crash_ahead_of_replica(world: World, begun: int) -> None:
    """The primary crashes when it has changes that the replica has not received: nobody may have been told of them."""
    _crash(world, begun)
    world.faults.silence("replication")
    silent = _stored(world)
    # What waits for the replica, or was confirmed without it.
    ahead = f"select {_WAITING} + (select count(*) from messages) - {silent}"
    look = partial(replication.value, world, replication.PRIMARY, ahead)
    world.eventually(look, lambda count: count >= _HELD, "run starts", "changes that the replica has not received")


LOSSES: Mapping[str, Callable[[World, int], None]] = {
    "crashes": _crash,
    "crashes with changes that the replica has not received": _crash_ahead_of_replica,
}
"""When the primary is lost, by the words of a feature: prepares the moment."""


def lose_primary(world: World, prepare: Callable[[World, int], None]) -> None:
    """Everybody writes messages and books expenses, while the primary crashes and the replica is promoted."""
    threads, begun = world.kept(Writers).threads, _stored(world)
    changes = range(_WRITES[world.settings.profile])
    plans = {user.alias: [_write(user, thread, n) for n in changes] for user, thread in threads.items()}
    crowd = HttpCrowd(world, plans)
    prepare(world, begun)
    world.faults.lose(Component.DATABASE)
    lost_at = time.monotonic()
    replication.promote(world)
    # Not before: what is still on the line would arrive.
    world.faults.heal("replication")
    world.keep(Written(crowd.answers(), lost_at))


def _write(user: User, thread: str, number: int) -> CrowdRequest:
    """A change of one kind or the other."""
    name = f"change-{number:03}"

    def book(platform: HttpDriver, who: User) -> Outcome:
        return platform.book_expense(who, _PRICE, name)

    def post(platform: HttpDriver, who: User) -> Outcome:
        return platform.post_message(who, thread, name)

    kind, send = (EXPENSES, book) if number % 2 else (MESSAGES, post)
    return CrowdRequest(user, send, pause=_PAUSE, about=Change(kind, name))


def _stored(world: World) -> int:
    """How many messages there are, by the database itself."""
    return int(opened.rows(world, "select count(*) from messages")[0][0])


def expect_writing(world: World) -> None:
    """See that every customer had a change confirmed again, in the time of a failover.

    :raises AssertionError: one had none, or later.
    """
    written = world.kept(Written)
    after: dict[str, float] = {}
    for request, answer in written.answers:
        if answer.done and answer.sent_at > written.lost_at:
            after.setdefault(request.who.alias, answer.sent_at + answer.seconds - written.lost_at)
    everybody = sorted(user.alias for user in world.kept(Writers).threads)
    world.expect(sorted(after), is_just(everybody, "a confirmed change of everybody after the loss"))
    world.within("failover", max(after.values()), "the first confirmed change of each")


def expect_every_confirmed_change(world: World) -> None:
    """See that customers find just what they were told of, and allowances that show just what is booked.

    :raises AssertionError: a confirmed change is lost, or there is one that should not be.
    """
    told: dict[str, dict[str, list[Entry]]] = {MESSAGES: {}, EXPENSES: {}}
    for request, answer in world.kept(Written).answers:
        told[request.about.kind].setdefault(request.who.alias, []).append(Entry(request.about.name, told_by(answer)))
    world.evidence.note("told", **{kind: _counted(each.values()) for kind, each in told.items()})
    threads = world.kept(Writers).threads
    written = {user.alias: all_of(partial(world.platform.messages, user, thread)) for user, thread in threads.items()}
    booked = {user.alias: all_of(partial(world.platform.expenses, user)) for user in threads}
    messages = {alias: [message.content for message in found] for alias, found in written.items()}
    expenses = {alias: [expense.purpose for expense in reversed(found)] for alias, found in booked.items()}
    world.expect(messages, keeps_every_confirmed_change(told[MESSAGES]), "messages")
    world.expect(expenses, keeps_every_confirmed_change(told[EXPENSES]), "expenses")
    spent = {user.alias: world.platform.allowance(user).require().spent for user in threads}
    total = {alias: f"{Decimal(_PRICE) * len(found):.2f}" for alias, found in expenses.items()}
    world.expect(spent, is_just(total, "allowances that show what is booked"))


def _counted(entries: Iterable[Sequence[Entry]]) -> Mapping[str, int]:
    return Counter(entry.told.value for asked in entries for entry in asked)
