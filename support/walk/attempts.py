"""What somebody tries who may not: with a session that has ended, or with what belongs to others."""

import random
from collections.abc import Callable, Mapping

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.scenario import agents
from support.walk.people import Ground, Person, came, one_of

UNKNOWN, UNAUTHENTICATED, CONFLICT = Meaning.NOT_FOUND, Meaning.UNAUTHENTICATED, Meaning.CONFLICT
_SOME = 3


def is_out(ground: Ground, person: Person, choices: random.Random, why: str) -> None:
    """Somebody whose session has ended, as ``why`` says, goes on as before, and may do nothing any more.

    :raises Stumble: something was done or answered otherwise.
    """
    own = _of_ones_own(ground, person)
    for what in choices.sample(sorted(own), _SOME):
        came(f"{person}, {why}, {what}", own[what](), UNAUTHENTICATED)


def _of_ones_own(ground: Ground, person: Person) -> Mapping[str, Callable[[], Outcome]]:
    """What everybody may do who has a session, on what is their own."""
    user, platform = person.user, ground.world.platform
    anything: dict[str, Callable[[], Outcome]] = {
        "lists conversations": lambda: platform.threads(user),
        "begins a conversation": lambda: platform.create_thread(user, "Too late"),
        "reads the account": lambda: platform.me(user),
        "lists the members": lambda: platform.members(user),
        "reads the statement": lambda: platform.allowance(user),
        "lists expenses": lambda: platform.expenses(user),
        "spends money": lambda: platform.book_expense(user, "0.01", "Too late"),
        "lists budgets": lambda: platform.budgets(user),
        "lists runs": lambda: platform.runs(user),
        "runs an agent": lambda: platform.start_run(user, agents.PROBE, input=agents.talkative(1)),
        "lists the tools": lambda: platform.tools(user),
    }
    if thread := next(iter(ground.threads(person)), None):
        anything |= {
            "reads a conversation": lambda: platform.messages(user, thread),
            "writes": lambda: platform.post_message(user, thread, "Too late"),
            "deletes a conversation": lambda: platform.delete_thread(user, thread),
        }
    if run := next((id for id, each in ground.ended.items() if each.run.user is user), None):
        anything |= {
            "reads a run": lambda: platform.run(user, run),
            "cancels a run": lambda: platform.cancel_run(user, run),
        }
    return anything


def meddles(
    ground: Ground, owner: Person, thread: str, messages: list[str], other: Person, choices: random.Random
) -> None:
    """Somebody tries what only the owner of a conversation may, or takes its messages for their own.

    :raises Stumble: something was done, or answered otherwise than for what never was.
    """
    user, platform = other.user, ground.world.platform
    own, named = ground.threads(other), messages[:1]
    attempts: dict[str, tuple[Callable[[], Outcome], Meaning]] = {
        "reads": (lambda: platform.thread(user, thread), UNKNOWN),
        "lists the messages of": (lambda: platform.messages(user, thread), UNKNOWN),
        "lists the runs of": (lambda: platform.runs(user, thread_id=thread), UNKNOWN),
        "renames": (lambda: platform.rename_thread(user, thread, "Stolen"), UNKNOWN),
        "deletes": (lambda: platform.delete_thread(user, thread), UNKNOWN),
        "writes into": (lambda: platform.post_message(user, thread, "Hello"), UNKNOWN),
    }
    if (mine := one_of(choices, own)) and named:
        attempts["moves messages out of"] = (lambda: platform.move_messages(user, thread, mine, named), UNKNOWN)
        attempts["moves messages into"] = (lambda: platform.move_messages(user, mine, thread, named), UNKNOWN)
    if len(own) > 1 and named:
        one, two = own[:2]
        attempts["moves as its own the messages of"] = (
            lambda: platform.move_messages(user, one, two, named),
            CONFLICT,
        )
    what = choices.choice(sorted(attempts))
    attempt, expected = attempts[what]
    came(f"{other} ({other.role.value}) {what} a conversation of {owner}", attempt(), expected)
