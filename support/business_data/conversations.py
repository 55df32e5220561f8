"""Conversations: what their owners wrote, and what they read of it now."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import eq
from types import SimpleNamespace
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform import paging
from support.platform.outcome import Outcome
from support.scenario.assets import Asset
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World

NEW_TITLE = "Under another title"
PAGE = 3
LONG = 10
_MOST_ALIKE = 10
"""Characters of the last twenty in which two random UUIDs are never alike: two of them are hyphens."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its owner wrote it; without an id where the platform refused it."""

    owner: User
    id: str
    title: str
    messages: tuple[str, ...]

    def as_written(self) -> dict[str, Any]:
        """What :func:`read` has to show."""
        return {
            "title": self.title,
            "titles in the list": [self.title],
            "messages": [("user", message) for message in self.messages],
        }

    def renamed(self) -> dict[str, Any]:
        """What :func:`read` has to show once the conversation has its new title."""
        return dataclasses.replace(self, title=NEW_TITLE).as_written()


@dataclass(frozen=True, slots=True)
class Conversations:
    """The conversations that a scenario begins with, oldest first."""

    all: list[Conversation]

    def of(self, owner: User) -> list[Conversation]:
        """Those of one user."""
        return [conversation for conversation in self.all if conversation.owner is owner]


def messages_on(subject: str) -> tuple[str, ...]:
    """Three texts of which something is easily lost, unlike those of any other subject."""
    return (
        f"  Grüße zu {subject}, 数字 ≠ ½ €\n\n\tand 🚀 ",
        f"{subject}, once more: \"why?\" \\ {{'a': null}}",
        f"- thanks for {subject} -\n",
    )


Messages = Callable[[str], Sequence[str]]
"""The messages of a conversation, by its subject."""


def create(world: World, owner: User, subject: str, messages: Sequence[str]) -> Conversation:
    """A conversation with these messages; whatever is refused is missing when it is read."""
    title = f"{subject} {owner.tenant.marker}"
    thread = world.platform.create_thread(owner, title)
    created = Conversation(owner, thread.value.id if thread.done else "", title, tuple(messages))
    for message in messages:
        world.platform.post_message(owner, created.id, message)
    return created


def create_all(
    world: World, owner: User, subjects: Iterable[str], messages: Messages = messages_on
) -> list[Conversation]:
    """A conversation on each subject, oldest first.

    :raises NotShown: the platform did not accept one.
    """
    world.users.settle(owner)
    created = [create(world, owner, subject, messages(subject)) for subject in subjects]
    if not all(conversation.id for conversation in created):
        raise NotShown(f"the platform did not accept {owner}'s conversations")
    return created


def have_nothing_in_common() -> BaseMatcher[Sequence[str]]:
    """IDs of which no two have most of their digits in the same places, as those made of time and machine have."""

    def faults(ids: Sequence[str]) -> list[str]:
        if len(ids) < 2:
            return ["there are too few to compare"]
        alike = [(a, b) for a, b in combinations(ids, 2) if sum(map(eq, a[-20:], b[-20:])) > _MOST_ALIKE]
        return [f"{a} and {b} are alike" for a, b in alike]

    return faultless("IDs that have nothing in common", faults)


def _having(count: int, messages: Messages = messages_on) -> Asset:
    subjects = [f"Question {number + 1}" for number in range(count)]
    return lambda world, owner: world.keep(Conversations(create_all(world, owner, subjects, messages)))


ASSETS: dict[str, Asset] = {
    "a conversation": _having(1, lambda subject: ()),
    "two conversations": _having(2),
    "three conversations": _having(3),
    "ten conversations": _having(10, lambda subject: ()),
    "a long conversation": _having(1, lambda subject: [f"Message {number}" for number in range(LONG)]),
}

POSITIONS = {"conversation": 0, "first conversation": 0, "second conversation": 1}
STATES = {"as it was written": Conversation.as_written, "under its new title": Conversation.renamed}


# -- reading ----------------------------------------------------------------------------------------------------------


def read(world: World, conversation: Conversation) -> dict[str, Any]:
    """The conversation as its owner reads it now: its title, the titles under which it is listed, its messages."""
    owner, id = conversation.owner, conversation.id
    thread = world.platform.thread(owner, id)
    listed = all_of(lambda **at: world.platform.threads(owner, **at))
    messages = all_of(lambda **at: world.platform.messages(owner, id, **at))
    return {
        "title": thread.value.title if thread.done else str(thread),
        "titles in the list": [item.title for item in listed if item.id == id],
        "messages": [(message.role, message.content) for message in messages],
    }


def listed(world: World, user: User) -> dict[str, list[str]]:
    """The ids of the conversations that a user's list shows: on a first page for one, and on all pages."""
    first = _items(world.platform.threads(user, limit=1))
    every = all_of(lambda **at: world.platform.threads(user, **at), PAGE)
    return {"on a page for one": [item.id for item in first], "in all": [item.id for item in every]}


def only(conversation: Conversation) -> dict[str, list[str]]:
    """What :func:`listed` has to show to a user who has one conversation."""
    return {"on a page for one": [conversation.id], "in all": [conversation.id]}


def all_of(ask: Callable[..., Outcome], size: int = 50) -> list[Any]:
    """All items of a list that comes in pages of that size."""
    return [item for page in pages(ask, size) for item in page]


def pages(ask: Callable[..., Outcome], size: int) -> Iterator[list[Any]]:
    """The pages of a list, one by one."""
    return map(_items, paging.pages(ask, limit=size))


def _items(answer: Outcome) -> list[Any]:
    """The items of a page; where the platform refused it, one that shows the refusal."""
    if not answer.done:
        return [SimpleNamespace(**dict.fromkeys(("id", "title", "role", "content"), str(answer)))]
    return list(answer.value.items)
