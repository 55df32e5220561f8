"""Drawing walks, and finding the shortest one that fails, on a model that is at hand."""

import random
from collections.abc import Sequence

import pytest

from support.walk.walking import Failure, Move, Step, Walk, draw, shortest

Shelf = list[str]
"""What stands on a shelf, which must never hold a cup beside a lamp."""


def _puts(what: str) -> Move[Shelf]:
    def make(shelf: Shelf, choices: random.Random) -> str | None:
        shelf.append(what)
        return f"a {what} is put down"

    return Move(1, make)


def _takes(shelf: Shelf, choices: random.Random) -> str | None:
    return f"the {shelf.pop(choices.randrange(len(shelf)))} is taken" if shelf else None


MOVES = {"cup": _puts("cup"), "lamp": _puts("lamp"), "book": _puts("book"), "take": Move(1, _takes)}


def walked(steps: Sequence[Step]) -> Walk:
    """A walk that fails at its end when a cup and a lamp stand there, and at once when three books do."""
    shelf: Shelf = []
    told = []
    for number, step in enumerate(steps):
        sentence = MOVES[step.move].make(shelf, random.Random(step.seed))
        if sentence:
            told.append((number, sentence))
        if shelf.count("book") == 3:
            return Walk(steps, told, Failure(number, "a book is put down", ("there are too many books",)))
    bad = {"cup", "lamp"} <= set(shelf)
    return Walk(steps, told, Failure(None, "at the end", ("the cup stands by the lamp",)) if bad else None)


def test_the_same_seed_draws_the_same_walk():
    assert draw(7, 50, MOVES) == draw(7, 50, MOVES)
    assert draw(7, 50, MOVES) != draw(8, 50, MOVES)
    assert {step.move for step in draw(7, 200, MOVES)} == set(MOVES)


def test_moves_come_as_often_as_they_weigh():
    moves = {**MOVES, "take": Move(30, _takes)}
    drawn = [step.move for step in draw(7, 300, moves)]
    assert drawn.count("take") > 10 * drawn.count("cup") > 0


@pytest.mark.parametrize("seed", range(20))
def test_the_shortest_walk_that_fails_in_the_same_way_is_found(seed):
    failed = walked(draw(seed, 60, MOVES))
    if failed.failure is None:
        pytest.fail("this seed draws no walk that fails; choose others")
    found = shortest(failed, walked, 20)
    assert found.failure is not None
    assert found.failure.faults == failed.failure.faults
    moves = sorted(step.move for step in found.steps)
    assert moves == (["cup", "lamp"] if failed.failure.at is None else ["book"] * 3)


def test_a_walk_that_cannot_be_made_shorter_is_kept():
    failed = walked([Step("cup", 1), Step("lamp", 1)])
    assert shortest(failed, walked, 20).steps == failed.steps


def test_a_walk_that_fails_otherwise_is_no_shorter_one():
    books, both = Failure(3, "a", ("there are too many books",)), Failure(None, "b", ("the cup stands by the lamp",))
    assert books.is_like(Failure(9, "c", ("there are too many books, 4",)))
    assert not books.is_like(both)
    assert not books.is_like(None)
