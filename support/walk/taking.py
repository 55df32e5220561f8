"""Taking a walk on a running platform: every move by the model, then the end, when all oracles look."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from support.matchers.story import numbering_faults
from support.platform.capabilities import Capability
from support.run.session import Session
from support.scenario.evidence import Subject
from support.scenario.reading_back import read_back
from support.scenario.users import User
from support.scenario.verdict import NotShown
from support.walk.people import Ground
from support.walk.walking import Failure, Move, Step, Stumble, Walk

_SUBJECT = Subject("A walk", "walk", 0, "Whatever customers do, in any order", "", "A walk", ("exclusive",))


def take(
    session: Session, steps: Sequence[Step], moves: Mapping[str, Move[Ground]], tell: Callable[[int, str], None]
) -> Walk:
    """Take a walk with customers of its own.

    :param tell: hears of every step that was possible.
    """
    ground = Ground.with_two_backends(session.begin(_SUBJECT))
    walk = go(ground, steps, moves, tell)
    faults = [] if walk.failure else at_the_end(ground)
    faults += [str(finding) for finding in session.finish(ground.world).findings]
    if faults and walk.failure is None:
        return replace(walk, failure=Failure(None, "at the end", tuple(faults)))
    return walk


def go(
    ground: Ground, steps: Sequence[Step], moves: Mapping[str, Move[Ground]], tell: Callable[[int, str], None]
) -> Walk:
    """Make the moves of a walk, up to the first that fails."""
    began = time.monotonic()
    told: list[tuple[int, str]] = []
    failure: Failure | None = None
    for number, step in enumerate(steps):
        try:
            ground.turn_to(step.seed)
            sentence = moves[step.move].make(ground, random.Random(step.seed))
        except Stumble as stumble:
            failure = Failure(number, stumble.sentence, stumble.faults)
        except (AssertionError, NotShown) as error:  # whatever a step needs must be possible
            failure = Failure(number, f"the move {step.move!r}", (str(error),))
        if failure is not None:
            break
        if sentence:
            told.append((number, sentence))
            tell(number, sentence)
    ground.turn_to(0)
    return Walk(steps, told, failure, time.monotonic() - began)


def at_the_end(ground: Ground) -> list[str]:
    """What is wrong when everybody reads everything and has come back."""
    world, faults = ground.world, []
    people = [person.user for person in ground.people]
    # The first one last: the others are gone before everything is looked at.
    for number, user in product(reversed(range(len(ground.backends))), people):
        ground.turn_to(number)
        faults += read_back(world.books, world.platform, world.target.capabilities, [user], 7)
    watching = [user for user in people if user.captures]
    try:
        if watching and Capability.NOTICES in world.target.capabilities:
            faults += _watched(ground, watching)
    except AssertionError as late:
        faults.append(str(late))
    return faults


def _watched(ground: Ground, watching: Sequence[User]) -> list[str]:
    """Everybody who watches comes back; after a last notice nothing is missing of what came before it."""
    world, faults = ground.world, []
    for user in watching:
        if not user.captures[0].is_open:
            user.captures[0].reconnect(within=world.budgets.limit("reconnect"))
    notice = world.platform.send_notice(world.users.operator, title="The end", body="The walk is over.").require()
    for user in watching:
        capture = user.captures[0]
        capture.wait_for(
            "notice",
            within=world.budgets.limit("notice delivery"),
            where=lambda event: event.payload.get("notice_id") == notice.id,
        )
        faults += [f"{capture.name}: {gap}" for gap in numbering_faults(capture.events, after=capture.first_sequence)]
    return faults
