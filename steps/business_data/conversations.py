"""Conversations belong to their owner."""

from hamcrest import equal_to, greater_than

from support.business_data import conversation_actions, conversations
from support.business_data.conversation_actions import Attempts
from support.business_data.conversations import Conversations
from support.matchers.faultless import is_just
from support.matchers.problems import is_indistinguishable_from, is_refused_with
from support.run.sentences import given, then, when
from support.stores import rows


@given("{people:Users} each have a conversation")
def _(world, people):
    created = [conversations.create_all(world, person, ["Costs"]) for person in people]
    world.keep(Conversations([conversation for (conversation,) in created]))


@when("{owner:User} {act:ConversationAction}")
def _(world, owner, act):
    act(world, owner)


@when("{others:Users} try to read and change {owner:Owner} conversation")
def _(world, others, owner):
    (conversation,) = world.kept(Conversations).of(owner)
    world.keep(conversation_actions.attempts(world, others, conversation))


@then("the pages have shown {kind:PagedItems}")
def _(world, kind):
    pages = world.kept(kind)
    world.expect(pages.shown, is_just(pages.expected))


@then("{owner:Owner} {position:ConversationPosition} reads back {state:ConversationState}")
def _(world, owner, position, state):
    conversation = world.kept(Conversations).of(owner)[position]
    world.expect(conversations.read(world, conversation), is_just(state(conversation)))


@then("every response is as if the conversation had never existed")
def _(world):
    for response, never_existed in world.kept(Attempts).pairs:
        world.expect(response, is_indistinguishable_from(never_existed), str(response))


@then("the database holds nothing of the first conversation")
def _(world):
    first, second = (conversation.id for conversation in world.kept(Conversations).all)
    threads, messages = rows.of_conversation(world, second)
    world.expect(threads, equal_to(1), "control: the second conversation")
    world.expect(messages, greater_than(1), "control: messages of the second conversation")
    world.expect(rows.of_conversation(world, first), equal_to((0, 0)), "conversations and messages")


@then("the deletion is refused because an agent is running")
def _(world):
    world.expect(world.last_outcome, is_refused_with("conflict"))


@then("the move is refused")
def _(world):
    world.expect(world.last_outcome, is_refused_with("conflict"))


@then("no conversation's ID can be derived from another's")
def _(world):
    ids = [conversation.id for conversation in world.kept(Conversations).all]
    world.expect(ids, conversations.have_nothing_in_common())


@then("{people:Users} each find their own conversation and no other")
def _(world, people):
    for person in people:
        (own,) = world.kept(Conversations).of(person)
        world.expect(conversations.listed(world, person), is_just(conversations.only(own)), str(person))
