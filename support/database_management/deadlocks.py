"""Real deadlocks: the suite holds what a request needs next, then asks for what the request holds already.

Customers alone cannot bring them about as long as the platform takes its locks in one order; a maintenance job of the
operator, or the next feature, can. PostgreSQL looks for a deadlock when somebody has waited for a second. That is the
platform, who came to wait first: it is the victim.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from support.business_data.conversations import Conversations
from support.database_management import changes
from support.database_management.changes import CHANGES, Change
from support.load.http_crowd import side_by_side
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold

Locking = Callable[[World, User, Hold], Hold]


@dataclass(frozen=True, slots=True)
class Deadlock:
    """A request whose transaction takes ``first``, and comes to wait for ``later``."""

    change: Change
    first: Locking
    later: Locking


def _rows(table: str) -> Locking:
    return lambda world, customer, hold: hold.rows(customer.tenant, table)


def _conversation(number: int) -> Locking:
    return lambda world, customer, hold: hold.row(
        customer.tenant, "threads", world.kept(Conversations).of(customer)[number].id
    )


DEADLOCKS: Mapping[str, Deadlock] = {
    # What is new for somebody refers to their row.
    "expense": Deadlock(CHANGES["expense"], _rows("allowances"), _rows("users")),
    "move of messages": Deadlock(CHANGES["move of messages"], _conversation(0), _conversation(1)),
    # The end of a run is stored before its answer, a message in the conversation.
    "completion of a run": Deadlock(CHANGES["completion of a run"], _rows("runs"), _rows("threads")),
}


def abort(world: World, customer: User, deadlock: Deadlock) -> Outcome:
    """Have what the customer asks for be the victim of a deadlock once.

    :raises NotShown: there was no deadlock, or the suite was its victim.
    """
    world.holds_up("a deadlock aborts what is repeated after it")
    about = changes.about(world, customer, deadlock.change)
    hold = deadlock.later(world, customer, Hold(world))
    with ThreadPoolExecutor(1) as alone:
        answer = alone.submit(about.ask)
        try:
            hold.wait_for_first()
            # It is held by a transaction that waits for ours. That we get it says that the other was aborted.
            deadlock.first(world, customer, hold)
        except psycopg.OperationalError as error:
            raise NotShown(f"the platform was not the victim of a deadlock: {error}") from error
        finally:
            hold.release()
        return answer.result()


# Which of two that wait is first at the second row is a matter of chance; after an odd number they are exchanged.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Moves:
    """Pairs of moves at once: their outcomes, and what each conversation must have then, by its ID."""

    customer: User
    outcomes: list[Outcome]
    expected: dict[str, list[str]]


def move_both_ways(world: World, customer: User) -> Moves:
    """The messages of two conversations are moved into one another, by requests that wait for the same rows."""
    one, other = world.kept(Conversations).of(customer)

    def move(start: str, end: str) -> Callable[[], Outcome]:
        ids = [item.id for item in world.platform.messages(customer, start).require().items]
        return lambda: world.platform.move_messages(Anyone(customer.access_token), start, end, ids)

    moves = Moves(customer, [], {one.id: list(one.messages), other.id: list(other.messages)})
    for _ in range(_ROUNDS):
        asks = move(one.id, other.id), move(other.id, one.id)
        outcomes = side_by_side(Hold(world).rows(customer.tenant, "threads"), *asks)
        exchanged = {one.id: moves.expected[other.id], other.id: moves.expected[one.id]}
        moves = Moves(customer, [*moves.outcomes, *outcomes], exchanged)
        if not all(each.done for each in outcomes) or messages_now(world, moves) != exchanged:
            # The Then judges it.
            break
    return moves


def messages_now(world: World, moves: Moves) -> dict[str, list[str]]:
    """What each of the conversations has now."""
    found = {id: world.platform.messages(moves.customer, id).require().items for id in moves.expected}
    return {id: [item.content for item in items] for id, items in found.items()}
