"""Conversations, their messages and their lists."""

from support.spoiling.entries import Scenario
from support.spoiling.passing import Answer, Seen

written = Scenario("A conversation reads back as it was written")
renamed = Scenario("A renamed conversation keeps its messages")
paged = Scenario("Pages show each conversation once while others come and go")
backends = Scenario("Two backends return the same conversation after each change")
created = Scenario("Conversations that fifty customers create concurrently are all kept")

AS_WRITTEN = "Acme's conversation reads back as it was written"
RENAMED = "Acme's first conversation reads back under its new title"
SECOND = "Acme's second conversation reads back as it was written"
FOUND = "every user finds exactly the conversations that they created"
CURRENT = "both backends return the current title of the conversation after each change"
NOBODY_WRITES = {"agentos": None}
"""Its customers write no messages of their own."""


@written.answers(
    "DBL-02.1", "the last message of a conversation is left out", "messages", step=AS_WRITTEN, on=NOBODY_WRITES
)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = answer.items[:-1]


@written.answers("DBL-02.2", "a message is shown twice", "messages", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = [*answer.items, *answer.items[-1:]]


@written.answers("DBL-02.3", "messages come the newest first", "messages", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = answer.items[::-1]


@written.answers("DBL-02.4", "spaces around a message are gone", "messages", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    for item in answer.items:
        answer.put("content", str(answer.part("content", item)).strip(), item)


@written.answers("DBL-02.5", "a list shows a conversation twice", "threads", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = [*answer.items, *answer.items]


@written.answers("DBL-02.6", "a list leaves out a conversation", "threads", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = answer.items[1:]


@written.answers("DBL-02.7", "a conversation cannot be read", "thread", step=AS_WRITTEN, on=NOBODY_WRITES)
def _(answer: Answer, seen: Seen) -> None:
    if answer.is_done:
        answer.status, answer.body = 404, {}


@renamed.answers(
    "DBL-02.8", "a renamed conversation is listed under its old title", "threads", step=RENAMED, on=NOBODY_WRITES
)
def _(answer: Answer, seen: Seen) -> None:
    first = {each.part("id"): each.part("title") for each in seen.answers if each.verb == "create_thread"}
    for item in answer.items:
        id = answer.part("id", item)
        answer.put("title", first.get(id, answer.part("title", item)), item)


@renamed.answers(
    "DBL-02.9", "a conversation is read under the title of another", "thread", step=SECOND, on=NOBODY_WRITES
)
def _(answer: Answer, seen: Seen) -> None:
    new = [each.part("title") for each in seen.answers if each.verb == "rename_thread" and each.is_done]
    if answer.is_done and new:
        answer.put("title", new[-1])


@renamed.answers(
    "DBL-02.10", "the messages of one conversation are shown in another", "messages", step=SECOND, on=NOBODY_WRITES
)
def _(answer: Answer, seen: Seen) -> None:
    other = next((each for each in seen.answers if each.verb == "messages" and each.ids != answer.ids), None)
    if other is not None:
        answer.replace_with(other)


@paged.answers(
    "DBL-02.11",
    "the second page begins with the last entry of the first",
    "threads",
    step="the pages have shown each remaining conversation once, newest first",
    # They page by offset, and are known to show an entry twice.
    on={"aegra": None, "agentos": None},
)
def _(answer: Answer, seen: Seen) -> None:
    first = next((each for each in reversed(seen.answers) if each.verb == "threads" and each.items), None)
    if first is not None:
        answer.items = [*first.items[-1:], *answer.items]


@written.answers(
    "DBL-02.12", "a customer's messages are shown as an agent's", "messages", step=AS_WRITTEN, on=NOBODY_WRITES
)
def _(answer: Answer, seen: Seen) -> None:
    for item in answer.items:
        answer.put("role", answer.wire.roles["assistant"], item)


@backends.answers(
    "DBL-05.1",
    "a conversation is read as it was at first",
    "thread",
    step=CURRENT,
)
def _(answer: Answer, seen: Seen) -> None:
    first = seen.before(answer)
    if answer.is_done and first is not None:
        answer.replace_with(first)


@created.answers(
    "DBL-07.1",
    "the last of many conversations is in no list",
    "threads",
    step=FOUND,
)
def _(answer: Answer, seen: Seen) -> None:
    answer.items = answer.items[1:]
