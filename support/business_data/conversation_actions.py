"""What users do with conversations: their owners page through, rename and delete them, others try to reach them."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from support.business_data import conversations
from support.business_data.conversations import LONG, NEW_TITLE, PAGE, Conversation, Conversations
from support.platform.outcome import Outcome
from support.scenario.partner import own_path
from support.scenario.users import User
from support.scenario.world import World


@dataclass(frozen=True, slots=True)
class ConversationPages:
    """The conversations that the pages have shown, and those that they have to show, by their ids."""

    shown: list[str]
    expected: list[str]


@dataclass(frozen=True, slots=True)
class MessagePages:
    """The messages that the pages have shown, and those that they have to show."""

    shown: list[str]
    expected: list[str]


PAGES = {
    "each remaining conversation once, newest first": ConversationPages,
    "each message once, oldest first": MessagePages,
}


def _page_through_conversations(world: World, owner: User) -> None:
    """Read the list page by page, while between pages a shown and an unshown one are deleted, and others created."""
    newest_first = [conversation.id for conversation in reversed(world.kept(Conversations).of(owner))]
    to_delete = [newest_first[1], newest_first[-3]]
    remaining = [id for id in newest_first if id not in to_delete]
    shown: list[str] = []
    others = set(to_delete)
    for page in conversations.pages(lambda **at: world.platform.threads(owner, **at), PAGE):
        shown += [item.id for item in page]
        if to_delete:
            world.platform.delete_thread(owner, to_delete.pop(0)).require()
        others |= {
            each.id for each in conversations.create_all(world, owner, ("One more", "Another"), lambda subject: ())
        }
    world.keep(ConversationPages([id for id in shown if id not in others], remaining))


def _page_through_messages(world: World, owner: User) -> None:
    """Read the messages page by page, while between the first pages more are written."""
    (conversation,) = world.kept(Conversations).of(owner)
    shown: list[str] = []
    expected = list(conversation.messages)
    for page in conversations.pages(lambda **at: world.platform.messages(owner, conversation.id, **at), PAGE):
        shown += [message.content for message in page]
        if len(expected) < LONG + PAGE:
            expected.append(f"Message {len(expected)}")
            world.platform.post_message(owner, conversation.id, expected[-1]).require()
    world.keep(MessagePages(shown, expected))


def _create(world: World, owner: User) -> None:
    # Longer than what some databases take for a text.
    *two, third = conversations.messages_on("costs")
    texts = [*two, third * _MANY]
    world.keep(Conversations([conversations.create(world, owner, "Costs", texts)]))


def _rename_first(world: World, owner: User) -> None:
    first = world.kept(Conversations).of(owner)[0]
    world.outcome = world.platform.rename_thread(owner, first.id, NEW_TITLE)


def _delete_first(world: World, owner: User) -> None:
    first = world.kept(Conversations).of(owner)[0]
    world.outcome = world.platform.delete_thread(owner, first.id)
    world.keep(attempts(world, [owner], first))


def _delete_under_agent(world: World, owner: User) -> None:
    world.outcome = world.platform.delete_thread(owner, world.run_of(owner).thread_id or "")
    world.partner.release(own_path(owner))


_MANY = 6_000


def _move_with_missing(world: World, owner: User) -> None:
    first, second = world.kept(Conversations).of(owner)
    ids = [message.id for message in world.platform.messages(owner, first.id).require().items]
    missing = str(uuid.uuid4())
    world.outcome = world.platform.move_messages(owner, first.id, second.id, [*ids[:2], missing])


ACTIONS: dict[str, Callable[[World, User], None]] = {
    "creates a conversation with three messages": _create,
    "pages through the conversations while some are deleted and others created": _page_through_conversations,
    "pages through the messages while more are added": _page_through_messages,
    "renames the first conversation": _rename_first,
    "moves two messages and one that does not exist to the second conversation": _move_with_missing,
    "deletes the first conversation and then tries to read and change it": _delete_first,
    "deletes the agent's conversation before the partner responds": _delete_under_agent,
}


# -- what others are answered -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempts:
    """Responses to requests for a conversation, each with the response for one that never existed."""

    pairs: list[tuple[Outcome, Outcome]]


def attempts(world: World, users: Iterable[User], conversation: Conversation) -> Attempts:
    """Users read and change a conversation in every way that the API has; each user has another one."""
    people = list(users)
    read = world.platform.messages(conversation.owner, conversation.id)
    written = [message.id for message in read.value.items] if read.done else []
    asks = [ask for user in people for ask in _ways(world, user)]
    pairs = [(ask(conversation.id), ask(str(uuid.uuid4()))) for ask in asks]
    for user in people:
        own, *_ = world.platform.threads(user).require().items
        # Whether somebody's message was moved as if it were one's own is seen in what is read back.
        world.platform.move_messages(user, own.id, own.id, written[:1])
    return Attempts(pairs)


def _ways(world: World, user: User) -> list[Callable[[str], Outcome]]:
    platform = world.platform
    own, *_ = platform.threads(user).require().items
    some = [str(uuid.uuid4())]
    listed = platform.messages(user, own.id)
    mine = [message.id for message in listed.value.items][:1] if listed.done else []
    return [
        lambda id: platform.thread(user, id),
        lambda id: platform.thread(user, id.upper()),
        lambda id: platform.messages(user, id),
        lambda id: platform.rename_thread(user, id, "Mine now"),
        lambda id: platform.post_message(user, id, "I was here"),
        lambda id: platform.move_messages(user, id, own.id, some),
        lambda id: platform.move_messages(user, own.id, id, mine or some),
        lambda id: platform.start_run(user, "usage_report", thread_id=id),
        lambda id: platform.delete_thread(user, id),
    ]
