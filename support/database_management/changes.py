"""Changes that customers ask for, each by one request, and what there is of one that was made so many times."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from support.business_data import allowances, transactions
from support.business_data.conversations import Conversations
from support.platform.driver import Anyone, Caller
from support.platform.outcome import Outcome
from support.scenario import held_runs
from support.scenario.assets import Asset
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores import opened

AMOUNT = "12.50"
TEXT, OTHER_TEXT = "Fresh", "Different"

Send = Callable[..., Outcome]
"""Sends a request: ``send(caller, text)``. Another text makes it one of other content; where the driver's verb has it,
``instance`` is the address of the instance that is asked.
"""
Look = Callable[[], Any]
"""Shows what there is of a change."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one's own; ``table`` is where it is new, ``expected`` what there is of it when it was made so many
    times.
    """

    prepare: Callable[[World, User], tuple[Send, Look]]
    table: str
    expected: Callable[[int], Any]


@dataclass(slots=True)
class Requested:
    """The change that a scenario is about, and the outcomes of its requests."""

    change: Change
    customer: User
    send: Send
    made: Look
    outcomes: list[Outcome]

    def ask(self, caller: Caller | None = None, text: str = TEXT, **where: str) -> Outcome:
        """Ask for it, on a connection of its own unless a caller is named."""
        outcome = self.send(caller or Anyone(self.customer.access_token), text, **where)
        self.outcomes.append(outcome)
        return outcome


def about(world: World, customer: User, change: Change) -> Requested:
    """The change, ready to be asked for."""
    return world.keep(Requested(change, customer, *change.prepare(world, customer), []))


def made(world: World, change: Change) -> Any:
    """What there is of the change that the scenario is about.

    :raises NotShown: it is about another one.
    """
    about = world.kept(Requested)
    if about.change.expected is not change.expected:
        raise NotShown("the scenario is about another change")
    return about.made()


# -- what there is of a change ----------------------------------------------------------------------------------------


def _in_conversation(world: World, customer: User, number: int) -> list[str]:
    thread = world.kept(Conversations).of(customer)[number].id
    return [item.content for item in world.platform.messages(customer, thread).require().items]


def _ended_runs(world: World, customer: User) -> dict[str, Any]:
    """The customer's runs once all of them have ended, and the authors of the messages in their conversations."""
    return world.eventually(
        lambda: transactions.runs_found(world, customer),
        lambda found: not {"queued", "running"} & {run.value for run in found["runs"]},
        "run ends",
        "the ends of all runs",
    )


def _runs(times: int) -> dict[str, Any]:
    return {"runs": ["completed"] * times, "messages": [["user", "assistant"]] * times}


def _rows(world: World, table: str, column: str, text: str) -> int:
    query = f"select count(*) from {table} where {column} = %s"
    return int(opened.rows(world, query, [text])[0][0])


# -- changes ----------------------------------------------------------------------------------------------------------


def _expense(world: World, customer: User) -> tuple[Send, Look]:
    return (
        lambda caller, text, **where: world.platform.book_expense(caller, AMOUNT, text, **where),
        lambda: allowances.found(world, customer),
    )


def _expenses(times: int) -> dict[str, Any]:
    spent = f"{Decimal(AMOUNT) * times:.2f}"
    return {"spent": spent, "spent by you": spent, "booked": [(AMOUNT, TEXT)] * times}


def _budget(world: World, customer: User) -> tuple[Send, Look]:
    def look() -> dict[str, Any]:
        allotted = allowances.figure(world.platform.allowance(customer), "allotted")
        return {"allotted": allotted, "teams": [item.team for item in world.platform.budgets(customer).require().items]}

    return lambda caller, text: world.platform.allot(caller, text, AMOUNT), look


def _conversation(world: World, customer: User) -> tuple[Send, Look]:
    def look() -> list[str]:
        titles = [item.title for item in world.platform.threads(customer).require().items]
        return [title for title in titles if title in (TEXT, OTHER_TEXT)]

    return world.platform.create_thread, look


def _message(world: World, customer: User) -> tuple[Send, Look]:
    conversation = world.kept(Conversations).of(customer)[0]
    return (
        lambda caller, text: world.platform.post_message(caller, conversation.id, text),
        lambda: _in_conversation(world, customer, 0)[len(conversation.messages) :],
    )


def _move(world: World, customer: User) -> tuple[Send, Look]:
    """All messages of the first conversation into the second; of other content: all but one of them."""
    first, second = (each.id for each in world.kept(Conversations).of(customer)[:2])
    ids = [item.id for item in world.platform.messages(customer, first).require().items]
    return (
        lambda caller, text: world.platform.move_messages(caller, first, second, ids if text == TEXT else ids[1:]),
        lambda: [len(_in_conversation(world, customer, number)) for number in (0, 1)],
    )


def _run(world: World, customer: User) -> tuple[Send, Look]:
    return (
        lambda caller, text: world.platform.start_run(caller, "usage_report", input={"question": text}),
        lambda: _ended_runs(world, customer),
    )


def _waiting_run(world: World, customer: User) -> tuple[Send, Look]:
    """Nothing new: a run that waits for the partner goes on to its end."""
    run = world.run_of(customer)

    def send(caller: Caller, text: str) -> Outcome:
        world.partner.release(own_path(customer))
        world.ended(run)
        return world.platform.run(caller, run.run_id)

    return send, lambda: _ended_runs(world, customer)


def _usage_record(world: World, customer: User) -> tuple[Send, Look]:
    service = f"Service {customer.tenant.marker}"
    record = {"service": service, "day": "2026-11-02", "quantity": "1"}
    return (
        lambda caller, text: world.platform.store_usage(caller, [{**record, "cost": str(len(text))}]),
        lambda: _rows(world, "usage_records", "service", service),
    )


def _invitation(world: World, customer: User) -> tuple[Send, Look]:
    email = f"guest@{customer.tenant.name}.example"
    return (
        lambda caller, text: world.platform.invite(caller, email=email, role="member"),
        lambda: _rows(world, "invitations", "email", email),
    )


def _removal(world: World, owner: User) -> tuple[Send, Look]:
    colleague = next(user for user in world.users if user.tenant is owner.tenant and user is not owner)
    return (
        lambda caller, text: world.platform.remove_member(caller, colleague.id),
        lambda: _rows(world, "users", "removed_at is not null and id::text", colleague.id),
    )


def _notice(world: World, customer: User) -> tuple[Send, Look]:
    title = f"Maintenance {secrets.token_hex(4)}"
    return (
        lambda caller, text: world.platform.send_notice(caller, title=title, body=text),
        lambda: _rows(world, "notices", "title", title),
    )


def _repeated(item: Any) -> Callable[[int], Any]:
    return lambda times: [item] * times


CHANGES: Mapping[str, Change] = {
    "expense": Change(_expense, "expenses", _expenses),
    "budget": Change(
        _budget,
        "budgets",
        lambda times: {"allotted": f"{Decimal(AMOUNT) * times:.2f}", "teams": [TEXT] * times},
    ),
    "conversation": Change(_conversation, "threads", _repeated(TEXT)),
    "message": Change(_message, "messages", _repeated(TEXT)),
    "move of messages": Change(_move, "messages", lambda times: [0, 6] if times else [3, 3]),
    "run": Change(_run, "runs", _runs),
    "completion of a run": Change(_waiting_run, "messages", _runs),
    "invitation": Change(_invitation, "invitations", lambda times: times),
    "removal of a colleague": Change(_removal, "users", lambda times: times),
    "usage record": Change(_usage_record, "usage_records", lambda times: times),
    "notice": Change(_notice, "notices", lambda times: times),
}

MADE: Mapping[str, int] = {"never took effect": 0, "took effect exactly once": 1, "took effect exactly twice": 2}
ASSETS: Mapping[str, Asset] = {"a run that waits for the partner": held_runs.waiting_run}
