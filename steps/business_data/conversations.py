"""Conversations are kept for their owner."""

import dataclasses
import uuid

from hamcrest import equal_to, greater_than

from support.business_data import conversations
from support.matchers.problems import is_indistinguishable_from, is_refused_with
from support.run.sentences import given, then, when
from support.scenario.partner import own_path
from support.stores import rows

TITLE = "Under another title"


@when("{customer:User} begins a conversation and writes in it")
def _(world, customer):
    world.facts["conversations"] = [conversations.begin(world, customer)]


@given("{customer:User} has ten conversations")
def _(world, customer):
    world.facts["conversations"] = conversations.having(world, customer, 10, ())


@given("{customer:User} has two conversations")
def _(world, customer):
    world.facts["conversations"] = conversations.having(world, customer, 2)


@given("{customer:User} has a long conversation")
def _(world, customer):
    world.facts["conversations"] = [conversations.long_one(world, customer)]


@given("{people:Users} each have a conversation")
def _(world, people):
    settled = [world.users.settle(person) for person in people]
    world.facts["conversations"] = [
        conversation for person in settled for conversation in conversations.having(world, person, 1)
    ]


@when("{customer:User} pages through them while conversations come and go")
def _(world, customer):
    existing = world.recall("conversations", list)
    world.facts["paging"] = conversations.page_through_conversations(world, customer, existing)


@when("{customer:User} pages through its messages while more are written")
def _(world, customer):
    (conversation,) = world.recall("conversations", list)
    world.facts["paging"] = conversations.page_through_messages(world, conversation)


@then("each conversation that stayed was shown once, newest first")
@then("every message was shown once, in the order in which it was written")
def _(world):
    paging = world.recall("paging", conversations.Paging)
    world.expect(paging.shown, equal_to(paging.due))


@when("{customer:User} renames the first conversation")
def _(world, customer):
    first = world.recall("conversations", list)[0]
    world.outcome = world.platform.rename_thread(customer, first.id, TITLE)


@when("{customer:User} deletes the first conversation")
def _(world, customer):
    first = world.recall("conversations", list)[0]
    world.outcome = world.platform.delete_thread(customer, first.id)


@when("{customer:User} deletes the agent's conversation, and then the partner answers")
def _(world, customer):
    world.outcome = world.platform.delete_thread(customer, world.run_of(customer).thread_id)
    world.partner.release(own_path(customer))


@then("{customer:User} is told that the agent is still at work there")
def _(world, customer):
    world.expect(world.last_outcome, is_refused_with("conflict"))


@when("{others:Users} try to read and change {customer:Owner} conversation")
def _(world, others, customer):
    (sought,) = (each for each in world.recall("conversations", list) if each.owner is customer)
    world.facts["attempts"] = [attempt for other in others for attempt in conversations.attempts(world, other, sought)]


@then("the conversation reads as it was written")
def _(world):
    (written,) = world.recall("conversations", list)
    world.expect(conversations.read(world, written), equal_to(written.as_written()))


@then("the first conversation reads as it was, under its new title")
def _(world):
    renamed = dataclasses.replace(world.recall("conversations", list)[0], title=TITLE)
    world.expect(conversations.read(world, renamed), equal_to(renamed.as_written()))


@then("the second conversation reads as it was")
def _(world):
    second = world.recall("conversations", list)[1]
    world.expect(conversations.read(world, second), equal_to(second.as_written()))


@then("{customer:Owner} conversation reads as it was")
def _(world, customer):
    (own,) = (each for each in world.recall("conversations", list) if each.owner is customer)
    world.expect(conversations.read(world, own), equal_to(own.as_written()))


@then("the first conversation is answered as if it had never existed")
def _(world):
    first = world.recall("conversations", list)[0]
    for ask in (world.platform.thread, world.platform.messages):
        answer, answer_to_nothing = ask(first.owner, first.id), ask(first.owner, str(uuid.uuid4()))
        world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("the records hold nothing of the first conversation")
def _(world):
    first, second = (each.id for each in world.recall("conversations", list))
    threads, messages = rows.of_conversation(world, second)
    world.expect(threads, equal_to(1))
    world.expect(messages, greater_than(1))
    world.expect(rows.of_conversation(world, first), equal_to((0, 0)))


@then("each is answered as if the conversation had never existed")
def _(world):
    for answer, answer_to_nothing in world.recall("attempts", list):
        world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("each still finds their own conversation and no other")
def _(world):
    for own in world.recall("conversations", list):
        world.expect(conversations.found(world, own.owner), equal_to(([own.id], [own.id])))
