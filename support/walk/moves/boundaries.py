"""The largest and the smallest that is published, and what is just beyond; nothing refused leaves anything behind."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from support.platform import openapi
from support.platform.dialect import Meaning
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import Role
from support.scenario.world import World
from support.walk.people import MANAGERS, WORKERS, Ground, Person, came, one_of

DONE, DENIED, INVALID = Meaning.DONE, Meaning.PERMISSION_DENIED, Meaning.INVALID
_NO_AMOUNTS: tuple[Any, ...] = ("0.00", "-1.00", "0.001", "1e3", "NaN", "1,00", "", 12.5)


def goes_to_the_limit(ground: Ground, choices: random.Random) -> str | None:
    """Texts and pages as large as published, or one larger."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    user, world = person.user, ground.world
    beyond = choices.choice([0, 1])
    expected = INVALID if beyond else DONE
    thread = one_of(choices, ground.threads(person))
    letter = choices.choice("aß")
    match choices.choice(["title", "new title", "message", "page of conversations", "page of runs"]):
        case "message" if thread:
            size = _longest(world, lambda driver: driver.post_message(user, thread, "a"), "content") + beyond
            sentence, outcome = f"writes {size} letters", world.platform.post_message(user, thread, letter * size)
        case "new title" if thread:
            size = _longest(world, lambda driver: driver.rename_thread(user, thread, "a"), "title") + beyond
            sentence, outcome = f"renames to {size} letters", world.platform.rename_thread(user, thread, letter * size)
        case "page of runs":
            size = _largest_page(world, lambda driver: driver.runs(user)) + beyond
            sentence, outcome = f"asks for {size} runs", world.platform.runs(user, limit=size)
        case "page of conversations":
            size = _largest_page(world, lambda driver: driver.threads(user)) + beyond
            sentence, outcome = f"asks for {size} conversations", world.platform.threads(user, limit=size)
        case _:
            size = _longest(world, lambda driver: driver.create_thread(user, "a"), "title") + beyond
            sentence, outcome = f"begins with {size} letters", world.platform.create_thread(user, letter * size)
    return came(f"{person} {sentence}", outcome, expected)


def asks_for_the_impossible(ground: Ground, choices: random.Random) -> str | None:
    """What no rule allows is refused, whoever asks, and whoever may not ask hears that first."""
    person = one_of(choices, ground.people)
    if person is None:
        return None
    user, platform = person.user, ground.world.platform
    amount = choices.choice(_NO_AMOUNTS)
    attempts: dict[str, tuple[frozenset[Role], Callable[[], Outcome]]] = {
        f"spends {amount!r}": (WORKERS, lambda: platform.book_expense(user, amount, "Nothing")),
        f"gives a team {amount!r}": (MANAGERS, lambda: platform.allot(user, "Research", amount)),
        "begins a conversation without a title": (frozenset(Role), lambda: platform.create_thread(user, "")),
        "asks for a page of none": (frozenset(Role), lambda: platform.threads(user, limit=-1)),
        "asks behind the end of time": (frozenset(Role), lambda: platform.threads(user, cursor="later")),
        "runs an agent for no time": (WORKERS, lambda: platform.start_run(user, "probe", time_limit_seconds=-1.0)),
    }
    what = choices.choice(sorted(attempts))
    allowed, attempt = attempts[what]
    return came(f"{person} ({person.role.value}) {what}", attempt(), *_expected(person, allowed))


def _expected(person: Person, allowed: frozenset[Role]) -> tuple[Meaning, ...]:
    # Whether the right or the request is looked at first is the platform's to choose.
    return (INVALID,) if person.role in allowed else (DENIED, INVALID)


def _operation(world: World, send: Callable[[HttpDriver], Outcome]) -> openapi.Operation:
    """The published operation that a verb of the driver asks for."""
    sent = world.platform.described(send)
    parts = urlsplit(sent.path).path.split("/")

    def is_it(operation: openapi.Operation) -> bool:
        places = operation.path.split("/")
        return (
            operation.method == sent.method
            and len(places) == len(parts)
            and all(place == part or place.startswith("{") for place, part in zip(places, parts, strict=True))
        )

    return next(filter(is_it, openapi.operations(world)))


def _longest(world: World, send: Callable[[HttpDriver], Outcome], name: str) -> int:
    operation = _operation(world, send)
    body: Any = operation.body
    return int(operation.resolved(body["properties"][name])["maxLength"])


def _largest_page(world: World, send: Callable[[HttpDriver], Outcome]) -> int:
    parameters = _operation(world, send).details["parameters"]
    schema = next(each["schema"] for each in parameters if each["name"] == "limit")
    return int(next(part["maximum"] for part in [schema, *schema.get("anyOf", ())] if "maximum" in part))
