"""Conversations and their messages. Titles and texts are few, so that people who must not mix have equal ones."""

import random
from dataclasses import replace
from functools import partial

from support.platform.dialect import Meaning
from support.platform.paging import pages
from support.platform.values import Message
from support.scenario.reading_back import read_back
from support.walk import attempts
from support.walk.people import Ground, Person, came, one_of
from support.walk.walking import Stumble

DONE, DENIED, UNKNOWN = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.NOT_FOUND
CONFLICT, UNAUTHENTICATED = Meaning.CONFLICT, Meaning.UNAUTHENTICATED
_TITLES = ("Savings", "Questions", "Über 100 € 🙂", "A")
_TEXTS = ("What can we save?", "Thanks!", "Zoë's résumé: 25 %", "?")
_PAGES = (1, 2, 7, None)


def begins_a_conversation(ground: Ground, choices: random.Random) -> str | None:
    """A new conversation."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    title = choices.choice(_TITLES)
    return came(f"{person} begins {title!r}", ground.world.platform.create_thread(person.user, title), DONE)


def _of_ones_own(ground: Ground, choices: random.Random) -> tuple[Person, str] | None:
    person = one_of(choices, [each for each in ground.people if ground.threads(each)])
    return None if person is None else (person, choices.choice(ground.threads(person)))


def writes(ground: Ground, choices: random.Random) -> str | None:
    """A message in a conversation."""
    found = _of_ones_own(ground, choices)
    if found is None:
        return None
    person, thread = found
    text = choices.choice(_TEXTS)
    return came(f"{person} writes {text!r}", ground.world.platform.post_message(person.user, thread, text), DONE)


def renames(ground: Ground, choices: random.Random) -> str | None:
    """Another title for a conversation."""
    found = _of_ones_own(ground, choices)
    if found is None:
        return None
    person, thread = found
    title = choices.choice(_TITLES)
    renamed = ground.world.platform.rename_thread(person.user, thread, title)
    return came(f"{person} renames a conversation {title!r}", renamed, DONE)


def deletes(ground: Ground, choices: random.Random) -> str | None:
    """A conversation is deleted, sooner one in which an agent has worked."""
    found = _of_ones_own(ground, choices)
    if found is None:
        return None
    person, thread = found
    thread = next(
        (own for each in ground.ended.values() if (own := each.run.thread_id) in ground.threads(person)), thread
    )
    if thread in ground.strange:
        return None  # the answer would go, and its run stay
    told = came(f"{person} deletes a conversation", ground.world.platform.delete_thread(person.user, thread), DONE)
    came(f"{person} reads the deleted conversation", ground.world.platform.thread(person.user, thread), UNKNOWN)
    ground.analyses[:] = [each for each in ground.analyses if each.thread != thread]
    for id, ended in list(ground.ended.items()):
        if ended.run.thread_id == thread:
            del ground.ended[id]
            came(f"{person} reads a run of it", ground.world.platform.run(person.user, id), UNKNOWN)
    return told


def moves_messages(ground: Ground, choices: random.Random) -> str | None:
    """Messages move to another conversation, answers with them, and stay what they are; one is moved twice."""
    person = one_of(choices, [each for each in ground.people if len(ground.threads(each)) > 1])
    if person is None:
        return None
    source, target = choices.sample(ground.threads(person), 2)
    messages = _read(ground, person, source)
    if not messages:
        return None
    chosen = choices.sample(sorted(messages), choices.randint(1, len(messages)))
    sentence = f"{person} moves {len(chosen)} of {len(messages)} messages"
    came(sentence, ground.world.platform.move_messages(person.user, source, target, chosen), DONE)
    again = ground.world.platform.move_messages(person.user, source, target, chosen[:1])
    came(f"{person} moves one of them again", again, CONFLICT)
    there = _read(ground, person, target)
    if wrong := [f"{there.get(id)} was {messages[id]} before" for id in chosen if there.get(id) != messages[id]]:
        raise Stumble(sentence, wrong)
    if any(messages[id].run_id for id in chosen):
        ground.strange.add(target)
    for analysis in ground.analyses:
        if analysis.run in {messages[id].run_id for id in chosen}:
            analysis.thread = target
    return f"{sentence}, and one of them again"


def _read(ground: Ground, person: Person, thread: str) -> dict[str, Message]:
    """The messages of a conversation by their IDs, as they read wherever they are."""
    found: dict[str, Message] = {}
    for answer in pages(partial(ground.world.platform.messages, person.user), thread_id=thread):
        came(f"{person} reads a conversation", answer, DONE)
        found |= {message.id: replace(message, thread_id=None) for message in answer.value.items}
    return found


def meddles(ground: Ground, choices: random.Random) -> str | None:
    """All others try what only a conversation's owner may, colleagues and outsiders."""
    found = _of_ones_own(ground, choices)
    others = [each for each in ground.people if found and each is not found[0]]
    if found is None or not others:
        return None
    owner, thread = found
    messages = sorted(_read(ground, owner, thread))
    for other in others:
        attempts.meddles(ground, owner, thread, messages, other, choices)
    return f"{len(others)} others try to get at a conversation of {owner}"


def reads_everything(ground: Ground, choices: random.Random) -> str | None:
    """Everything of one user is read back."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    size = choices.choice(_PAGES)
    world = ground.world
    sentence = f"{person} reads everything by pages of {size or 'the usual size'}"
    faults = read_back(world.books, world.platform, world.target.capabilities, [person.user], size)
    if faults:
        raise Stumble(sentence, faults)
    return sentence
