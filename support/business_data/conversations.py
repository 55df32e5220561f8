"""Conversations: begun, read page by page, renamed and deleted by their owner, and sought by others."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from support.load.http_crowd import side_by_side
from support.platform.driver import Anyone
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.scenario.world import World
from support.stores.locks import Hold

_PAGE = 3
_LONG = 10
_WORDS = ("  Grüße aus Köln, 数字 ≠ ½ €\n\n\tand 🚀 ", "One more question: \"why?\" \\ {'a': null}", "- thanks -\n")


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as its owner wrote it; without an id where the platform refused it."""

    owner: User
    id: str
    title: str
    said: tuple[str, ...]

    def as_written(self) -> dict[str, Any]:
        """What :func:`read` must show."""
        return {"title": self.title, "listed as": [self.title], "said": list(self.said)}


@dataclass(frozen=True, slots=True)
class Paging:
    """What was shown page by page, and what should have been."""

    shown: list[str]
    due: list[str]


def begin(world: World, owner: User, subject: str = "Costs", said: Sequence[str] = _WORDS) -> Conversation:
    """A conversation with these messages; whatever is refused is missing when it is read."""
    title = f"{subject} {owner.tenant.marker}"
    thread = world.platform.create_thread(owner, title)
    begun = Conversation(owner, _member(thread, "id"), title, tuple(said))
    for words in said:
        world.platform.post_message(owner, begun.id, words)
    return begun


def having(world: World, owner: User, count: int, said: Sequence[str] = _WORDS) -> list[Conversation]:
    """That many conversations, oldest first.

    :raises NotShown: the platform did not take them.
    """
    begun = [begin(world, owner, f"Question {number + 1}", said) for number in range(count)]
    if not all(conversation.id for conversation in begun):
        raise NotShown(f"the platform did not take {owner}'s conversations")
    return begun


def long_one(world: World, owner: User) -> Conversation:
    """A conversation of several pages."""
    (begun,) = having(world, owner, 1, [f"Message {number}" for number in range(_LONG)])
    return begun


def read(world: World, conversation: Conversation) -> dict[str, Any]:
    """The conversation as its owner reads it now: its title, the titles under which it is listed, what was said."""
    owner = conversation.owner
    listed = [item for page in _pages(lambda **at: world.platform.threads(owner, **at), 50) for item in page]
    messages = _pages(lambda **at: world.platform.messages(owner, conversation.id, **at), 50)
    return {
        "title": _member(world.platform.thread(owner, conversation.id), "title"),
        "listed as": [item.get("title") for item in listed if item.get("id") == conversation.id],
        "said": [message.get("content") for page in messages for message in page],
    }


def page_through_conversations(world: World, owner: User, conversations: Sequence[Conversation]) -> Paging:
    """Read the list page by page, while between pages a shown and an unshown one are deleted, and others begun."""
    newest_first = [conversation.id for conversation in reversed(conversations)]
    leaving = [newest_first[1], newest_first[-3]]
    stayed = [id for id in newest_first if id not in leaving]
    shown: list[str] = []
    for page in _pages(lambda **at: world.platform.threads(owner, **at), _PAGE):
        shown += [item["id"] for item in page]
        if leaving:
            world.platform.delete_thread(owner, leaving.pop(0)).require()
        having(world, owner, 2, ())
    return Paging([id for id in shown if id in stayed], stayed)


def page_through_messages(world: World, conversation: Conversation) -> Paging:
    """Read the messages page by page, while between the first pages more are written."""
    shown: list[str] = []
    due = list(conversation.said)
    for page in _pages(lambda **at: world.platform.messages(conversation.owner, conversation.id, **at), _PAGE):
        shown += [message["content"] for message in page]
        if len(due) < _LONG + _PAGE:
            due.append(f"Message {len(due)}")
            world.platform.post_message(conversation.owner, conversation.id, due[-1]).require()
    return Paging(shown, due)


def move_to_both(world: World, conversations: Sequence[Conversation]) -> list[Outcome]:
    """Move the messages of the first conversation to the second and to the third at once."""
    first, *others = conversations
    said = [item["id"] for item in world.platform.messages(first.owner, first.id).require()["items"]]
    hold = Hold(world).rows(first.owner.tenant, "messages")
    moves = [partial(_move, world, first, other.id, said) for other in others]
    return side_by_side(hold, *moves)


def _move(world: World, source: Conversation, target_id: str, message_ids: Sequence[str]) -> Outcome:
    # A device of its own: one line carries one request at a time.
    device = Anyone(source.owner.access_token)
    return world.platform.move_messages(device, source.id, target_id, message_ids)


def attempts(world: World, other: User, conversation: Conversation) -> Iterator[tuple[Outcome, Outcome]]:
    """What somebody else is answered in every way of reaching a conversation, and for one that never existed."""
    platform = world.platform
    (own,) = platform.threads(other).require()["items"]
    some = [str(uuid.uuid4())]
    ways: tuple[Callable[[str], Outcome], ...] = (
        lambda id: platform.thread(other, id),
        lambda id: platform.thread(other, id.upper()),
        lambda id: platform.messages(other, id),
        lambda id: platform.rename_thread(other, id, "Mine now"),
        lambda id: platform.post_message(other, id, "I was here"),
        lambda id: platform.move_messages(other, id, own["id"], some),
        lambda id: platform.move_messages(other, own["id"], id, some),
        lambda id: platform.start_run(other, "usage_report", thread_id=id),
        lambda id: platform.delete_thread(other, id),
    )
    for way in ways:
        yield way(conversation.id), way(str(uuid.uuid4()))


def found(world: World, user: User) -> tuple[list[str], list[str]]:
    """The conversations that a user's list shows: on a first page for one, and in all."""
    first = world.platform.threads(user, limit=1)
    pages = _pages(lambda **at: world.platform.threads(user, **at), _PAGE)
    return [item["id"] for item in _items(first)], [item["id"] for page in pages for item in page]


def _pages(ask: Callable[..., Outcome], size: int) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = None
    while True:
        answer = ask(limit=size, **({"cursor": cursor} if cursor else {}))
        yield _items(answer)
        cursor = _member(answer, "next_cursor")
        if not cursor:
            return


def _items(answer: Outcome) -> list[dict[str, Any]]:
    return list(answer.body.get("items") or []) if answer.done else []


def _member(answer: Outcome, name: str) -> str:
    return str(answer.body.get(name) or "") if answer.done else ""
