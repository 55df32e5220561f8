"""The books oracle: a list that shows what was written is accepted, and every other one is not."""

from decimal import Decimal

import pytest

from support.oracles.books import Book, Entry, Listed, Spending, misread, misstated


def written(*texts: str) -> Book:
    """Entries 1, 2, ... that were written one after the other."""
    return Book({str(n): Entry(frozenset({text}), n, n + 0.5) for n, text in enumerate(texts, start=1)})


def judged(book: Book, *pages: list[Listed], size: int = 2, newest_first: bool = False) -> list[str]:
    return misread("the list", book, pages, size, newest_first=newest_first)


ONE, TWO, THREE = Listed("1", "one"), Listed("2", "two"), Listed("3", "three")
BOOK = ("one", "two", "three")


def test_what_was_written_is_read():
    assert judged(written(*BOOK), [ONE, TWO], [THREE]) == []
    assert judged(written(*BOOK), [THREE, TWO], [ONE], newest_first=True) == []
    assert judged(written(), []) == []


@pytest.mark.parametrize(
    ("pages", "fault"),
    [
        ([[ONE, TWO]], "the list lacks 3 ('three')"),
        ([[ONE, TWO], [TWO, THREE]], "the list shows 2 twice"),
        ([[ONE, TWO], [Listed("3", "drei")]], "the list shows 3 with 'drei' instead of 'three'"),
        ([[ONE, TWO], [THREE, Listed("4", "four")]], "the list shows 4 ('four'), which nobody has written there"),
        ([[TWO, ONE], [THREE]], "the list shows 2 before 1, oldest first"),
        ([[ONE, TWO, THREE]], "a page of the list has 3 entries, 2 were asked for"),
        ([[ONE], [TWO, THREE]], "a page of the list before the last has 1 of 2 entries"),
    ],
)
def test_what_else_is_read_is_found(pages, fault):
    assert judged(written(*BOOK), *pages) == [fault]


def test_the_newest_comes_first_where_it_is_to():
    assert judged(written("one", "two"), [ONE, TWO], newest_first=True) == ["the list shows 1 before 2, newest first"]


def test_what_was_written_at_the_same_time_has_no_order():
    book = Book({"1": Entry(frozenset({"one"}), 0, 5), "2": Entry(frozenset({"two"}), 1, 4)})
    assert judged(book, [ONE, TWO]) == judged(book, [TWO, ONE]) == []


def test_what_was_not_answered_may_be_there_once():
    book = written("one")
    book.possible = ["two"]
    assert judged(book, [ONE]) == judged(book, [ONE, TWO]) == []
    assert judged(book, [ONE, TWO], [Listed("7", "two")]) == [
        "the list shows 7 ('two'), which nobody has written there"
    ]


def test_what_was_deleted_is_gone_and_what_may_be_deleted_may_be_there():
    book = written("one", "two")
    book.withdraw("2", certainly=True)
    assert judged(book, [ONE]) == []
    assert judged(book, [ONE, TWO]) == ["the list shows 2, which was deleted"]
    book = written("one", "two")
    book.withdraw("2", certainly=False)
    assert judged(book, [ONE]) == judged(book, [ONE, TWO]) == []


def test_what_another_oracle_judges_is_only_not_to_come_twice():
    answer = Listed("9", "an answer", is_told_elsewhere=True)
    assert judged(written("one"), [ONE, answer]) == []
    assert judged(written("one"), [ONE, answer], [answer]) == ["the list shows 9 twice"]


def test_of_a_book_that_is_not_known_only_the_pages_are_judged():
    book = Book(is_known=False)
    assert judged(book, [ONE, TWO], [THREE]) == []
    assert judged(book, [ONE, TWO], [TWO]) == ["the list shows 2 twice"]


SAYS = {"monthly": "100.00", "spent": "30.00", "spent_by_reader": "10.00", "allotted": "50.00", "remaining": "70.00"}
DUE = Spending("100.00", Decimal(30), Decimal(10), Decimal(50))


def test_a_statement_says_what_was_booked():
    assert misstated("the statement", DUE, list(SAYS.items())) == []
    assert misstated("the statement", Spending(), list(SAYS.items())) == [], "nothing is known"


@pytest.mark.parametrize("what", list(SAYS))
def test_a_statement_that_says_something_else_is_found(what):
    for wrong in ("99.99", None):
        found = misstated("the statement", DUE, list({**SAYS, what: wrong}.items()))
        assert len(found) == 1
        assert found[0].startswith(f"the statement says {what} {wrong}, booked is ")
