"""Reads that the replica answers, and what is read while it lags or is lost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from hamcrest import has_entries
from hamcrest.core.matcher import Matcher

from support.business_data.allowances import figure
from support.business_data.conversations import all_of
from support.matchers.faultless import faultless, is_just
from support.matchers.outcomes import succeeds
from support.platform.components import Component
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario import agents, sessions
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import replication

_TABLES = ("threads", "messages", "runs", "expenses")
_AMOUNT = "12.34"
_LAGGING_SECONDS = 5.0
"""Longer than whatever a service may take for a pause without writes."""
_ON_REPLICA = "select count(*) from expenses where purpose = 'Second' and user_id::text = %s"


# -- what the replica answers -----------------------------------------------------------------------------------------


def prepare(world: World, user: User) -> None:
    """Have something of every kind that customers read."""
    world.platform.set_allowance(user, "1000.00").require()
    world.platform.book_expense(user, _AMOUNT, "First").require()
    world.ended(world.running(user, agents.PROBE, input=agents.talkative(1)))


def read(world: World, user: User) -> Mapping[str, Any]:
    """What the user finds, by the kind; the refusal, where the platform refused it."""
    platform = world.platform
    threads = platform.threads(user)
    (thread, *_) = threads.value.items if threads.done else (None,)
    return {
        "conversations": [each.title for each in all_of(partial(platform.threads, user))],
        "messages": [each.content for each in all_of(partial(platform.messages, user, thread.id))] if thread else [],
        "runs": _found(platform.runs(user), lambda page: [run.status for run in page.items]),
        "expenses": _found(platform.expenses(user), lambda page: [expense.purpose for expense in page.items]),
        "spent": figure(platform.allowance(user), "spent"),
    }


def _found(answer: Outcome, part: Callable[[Any], Any]) -> Any:
    return part(answer.value) if answer.done else str(answer)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and how many rows of each table the replica had read before."""

    user: User
    before: Mapping[str, int]


def expect_replica_reads(world: World, reader: Reader) -> None:
    """Go on reading until the replica says that it has read rows of every kind: it does not say it at once.

    :raises DeadlinePassed: it never does.
    """

    def look() -> Mapping[str, int]:
        read(world, reader.user)
        now = replication.replica_reads(world)
        return {table: now.get(table, 0) - reader.before.get(table, 0) for table in _TABLES}

    def wrong(more: Mapping[str, int]) -> list[str]:
        return [f"the replica has read nothing of {table}" for table, count in more.items() if count <= 0]

    world.eventually(look, faultless("rows of every kind read by the replica", wrong), "start", "rows that it has read")


# -- while it lags ----------------------------------------------------------------------------------------------------


def write_and_read(world: World, user: User) -> Mapping[str, tuple[Any, Any]]:
    """Change something of each kind through one backend and read it at once through the other: what was written, and
    what was read.
    """
    platform, other = world.platform, world.addresses.spare_backend_url
    (known, *_) = platform.threads(user).require().items
    seen: dict[str, tuple[Any, Any]] = {}
    # Before anything else of theirs has changed: nothing but this says that the replica is behind.
    session = Anyone(sessions.new_token(world, user))
    seen["a new session"] = (True, platform.threads(session).done)
    platform.log_out(session).require()
    seen["an ended session"] = (False, platform.threads(session).done)
    # What the backend that answers has not written itself.
    platform.rename_thread(user, known.id, "Another title", instance=other).require()
    seen["another title"] = ("Another title", _found(platform.thread(user, known.id), lambda thread: thread.title))
    figure(platform.allowance(user), "spent")
    platform.book_expense(user, _AMOUNT, "Second", instance=other).require()
    seen["an expense"] = ("Second", _found(platform.expenses(user), lambda page: page.items[0].purpose))
    spent = platform.allowance(user, instance=other).require().spent
    seen["what is spent"] = (spent, figure(platform.allowance(user), "spent"))
    thread = platform.create_thread(user, "A new conversation").require().id
    seen["a new conversation"] = (thread, _found(platform.threads(user), lambda page: page.items[0].id))
    platform.post_message(user, thread, "A message").require()
    written = _found(platform.messages(user, thread), lambda page: [message.content for message in page.items])
    seen["a message"] = (["A message"], written)
    platform.delete_thread(user, thread).require()
    left = _found(platform.threads(user), lambda page: thread in [each.id for each in page.items])
    seen["a deleted conversation"] = (False, left)
    _expect_lag(world, user)
    return seen


def are_current() -> Matcher[Mapping[str, tuple[Any, Any]]]:
    """Everything that was read is as it was written."""

    def faults_of(seen: Mapping[str, tuple[Any, Any]]) -> list[str]:
        return [f"{what} is {found!r}, not {written!r}" for what, (written, found) in seen.items() if found != written]

    return faultless("everything as it was written", faults_of)


def expect_lasting(world: World) -> None:
    """See that the user reads the same for as long as the replica lags.

    :raises AssertionError: what was there has gone.
    :raises NotShown: the replica does not lag any more.
    """
    user = world.kept(Reads).user
    now = partial(read, world, user)
    world.holds_while(now, is_just(now()), _LAGGING_SECONDS, "what the user reads")
    _expect_lag(world, user)


def _expect_lag(world: World, user: User) -> None:
    if replication.replica_rows(world, _ON_REPLICA, [user.id]) != [(0,)]:
        raise NotShown("the replica shows what was written: its replay was not paused")


# -- without it -------------------------------------------------------------------------------------------------------

LOSSES: Mapping[str, Callable[[World], None]] = {
    "crashes": lambda world: world.faults.lose(Component.REPLICA),
    "hangs": lambda world: world.faults.freeze(Component.REPLICA),
    "cannot be reached": lambda world: world.faults.cut_off(Component.REPLICA),
}
"""What happens to the replica, by the words of a feature."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a user has written and what they read of it, by what it is."""

    user: User
    seen: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Unhindered:
    """What was read before and after the loss, and how long after it something could be written."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    written: Outcome
    seconds: float


def lose(world: World, user: User, how: Callable[[World], None]) -> None:
    """Lose the replica: the user reads, the operator goes on without it, and the user writes."""
    before = read(world, user)
    how(world)
    lost_at = time.monotonic()
    after = read(world, user)
    replication.go_on_alone(world)
    written = world.platform.book_expense(user, _AMOUNT, "Without the replica")
    world.keep(Unhindered(before, after, written, time.monotonic() - lost_at))


def expect_unhindered(world: World, user: User) -> None:
    """See that the user has read everything without the replica, and could write in the time of a failover.

    :raises AssertionError: not so.
    """
    kept = world.kept(Unhindered)
    world.expect(kept.after, is_just(kept.before, "what was read before the loss"))
    world.expect(kept.written, succeeds())
    world.within("failover", kept.seconds, f"{user}'s reads and the first change without the replica")


def bring_back(world: World, user: User) -> None:
    """Start the replica; every service knows of it in time, and reads from it again.

    :raises DeadlinePassed: one does not.
    """
    world.faults.bring_back(Component.REPLICA)
    expect_replication(world, "replicated")
    expect_replica_reads(world, Reader(user, replication.replica_reads(world)))


def crash(world: World, user: User) -> None:
    """Lose the replica while the user reads."""
    world.faults.lose(Component.REPLICA)
    read(world, user)


def expect_replication(world: World, state: str) -> None:
    """Wait until every service says of the database's replication that it is so.

    :raises DeadlinePassed: one does not.
    """
    places = {name: world.addresses.instances[name] for name in world.target.instances}

    def look() -> Mapping[str, Any]:
        said = {name: world.platform.replication(Anyone(), url) for name, url in places.items()}
        return {name: answer.value if answer.done else str(answer) for name, answer in said.items()}

    world.eventually(look, has_entries(dict.fromkeys(places, state)), "health turns", "what services say of it")
