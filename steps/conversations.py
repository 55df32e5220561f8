"""Conversations are begun, read, renamed and deleted, and sought by others."""

import dataclasses
import uuid

from behave import given, then, when
from hamcrest import equal_to, greater_than

from support import conversations, rows
from support.checks.problems import is_indistinguishable_from, is_refused_with
from support.partner import own_path

TITLE = "Under another title"


@when("{customer:User} begins a conversation and writes in it")
def _(context, customer):
    context.world.facts["conversations"] = [conversations.begin(context.world, customer)]


@given("{customer:User} has ten conversations")
def _(context, customer):
    context.world.facts["conversations"] = conversations.having(context.world, customer, 10, ())


@given("{customer:User} has two conversations")
def _(context, customer):
    context.world.facts["conversations"] = conversations.having(context.world, customer, 2)


@given("{customer:User} has three conversations")
def _(context, customer):
    context.world.facts["conversations"] = conversations.having(context.world, customer, 3)


@given("{customer:User} has a long conversation")
def _(context, customer):
    context.world.facts["conversations"] = [conversations.long_one(context.world, customer)]


@given("{people:Users} each have a conversation")
def _(context, people):
    settled = [context.world.users.settle(person) for person in people]
    context.world.facts["conversations"] = [
        conversation for person in settled for conversation in conversations.having(context.world, person, 1)
    ]


@when("{customer:User} pages through them while conversations come and go")
def _(context, customer):
    existing = context.world.recall("conversations", list)
    context.world.facts["paging"] = conversations.page_through_conversations(context.world, customer, existing)


@when("{customer:User} pages through its messages while more are written")
def _(context, customer):
    (conversation,) = context.world.recall("conversations", list)
    context.world.facts["paging"] = conversations.page_through_messages(context.world, conversation)


@then("each conversation that stayed was shown once, newest first")
@then("every message was shown once, in the order in which it was written")
def _(context):
    paging = context.world.recall("paging", conversations.Paging)
    context.world.expect(paging.shown, equal_to(paging.due))


@when("{customer:User} renames the first conversation")
def _(context, customer):
    first = context.world.recall("conversations", list)[0]
    context.world.outcome = context.world.platform.rename_thread(customer, first.id, TITLE)


@when("{customer:User} deletes the first conversation")
def _(context, customer):
    first = context.world.recall("conversations", list)[0]
    context.world.outcome = context.world.platform.delete_thread(customer, first.id)


@when("{customer:User} deletes the agent's conversation, and then the partner answers")
def _(context, customer):
    context.world.outcome = context.world.platform.delete_thread(customer, context.world.run_of(customer).thread_id)
    context.world.partner.release(own_path(customer))


@then("{customer:User} is told that the agent is still at work there")
def _(context, customer):
    context.world.expect(context.world.last_outcome, is_refused_with("conflict"))


@when("{others:Users} try to read and change {customer:Owner} conversation")
def _(context, others, customer):
    (sought,) = (each for each in context.world.recall("conversations", list) if each.owner is customer)
    context.world.facts["attempts"] = [
        attempt for other in others for attempt in conversations.attempts(context.world, other, sought)
    ]


@then("the conversation reads as it was written")
def _(context):
    (written,) = context.world.recall("conversations", list)
    context.world.expect(conversations.read(context.world, written), equal_to(written.as_written()))


@then("the first conversation reads as it was, under its new title")
def _(context):
    renamed = dataclasses.replace(context.world.recall("conversations", list)[0], title=TITLE)
    context.world.expect(conversations.read(context.world, renamed), equal_to(renamed.as_written()))


@then("the second conversation reads as it was")
def _(context):
    second = context.world.recall("conversations", list)[1]
    context.world.expect(conversations.read(context.world, second), equal_to(second.as_written()))


@then("{customer:Owner} conversation reads as it was")
def _(context, customer):
    (own,) = (each for each in context.world.recall("conversations", list) if each.owner is customer)
    context.world.expect(conversations.read(context.world, own), equal_to(own.as_written()))


@then("the first conversation is answered as if it had never existed")
def _(context):
    first = context.world.recall("conversations", list)[0]
    for ask in (context.world.platform.thread, context.world.platform.messages):
        answer, answer_to_nothing = ask(first.owner, first.id), ask(first.owner, str(uuid.uuid4()))
        context.world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("the records hold nothing of the first conversation")
def _(context):
    first, second = (each.id for each in context.world.recall("conversations", list))
    threads, messages = rows.of_conversation(context.world, second)
    context.world.expect(threads, equal_to(1))
    context.world.expect(messages, greater_than(1))
    context.world.expect(rows.of_conversation(context.world, first), equal_to((0, 0)))


@then("each is answered as if the conversation had never existed")
def _(context):
    for answer, answer_to_nothing in context.world.recall("attempts", list):
        context.world.expect(answer, is_indistinguishable_from(answer_to_nothing))


@then("each still finds their own conversation and no other")
def _(context):
    for own in context.world.recall("conversations", list):
        context.world.expect(conversations.found(context.world, own.owner), equal_to(([own.id], [own.id])))


@when("{customer:User} moves the messages of the first conversation to both others at once")
def _(context, customer):
    existing = context.world.recall("conversations", list)
    context.world.facts["attempts"] = conversations.move_to_both(context.world, existing)


@then("every message is in one conversation")
def _(context):
    existing = context.world.recall("conversations", list)
    found = [words for each in existing for words in conversations.read(context.world, each)["said"]]
    context.world.expect(sorted(found), equal_to(sorted(words for each in existing for words in each.said)))
