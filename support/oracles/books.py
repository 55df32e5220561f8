"""The books oracle: what was written for a customer is read back whole, page by page, and nothing else with it.

Pure judgement; :mod:`support.scenario.bookkeeping` enters what is written, and reads it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, pairwise


class WrongBook(AssertionError):
    """A customer reads something else than what was written for them."""


@dataclass(slots=True)
class Entry:
    """Something that was written. ``texts`` is what it may say (None: anything); the times are monotonic seconds."""

    texts: frozenset[str] | None
    asked_at: float
    answered_at: float


@dataclass(slots=True)
class Book:
    """What one list of a customer must show.

    ``possible`` are the texts of entries whose writing was not answered, so that each may be there or not (None: any
    text). ``withdrawn`` is there no more; ``doubtful`` may be. ``is_known``: nobody has written past the book.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    possible: list[str | None] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    is_known: bool = True

    @property
    def is_certain(self) -> bool:
        """Whether it is known what is there, to the last entry."""
        return self.is_known and not self.possible and not self.doubtful

    def withdraw(self, id: str, certainly: bool) -> None:
        """Enter that an entry was deleted, or may have been."""
        if certainly:
            self.entries.pop(id, None)
            self.withdrawn.add(id)
        else:
            self.doubtful.add(id)


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry as a list shows it; one that ``is_told_elsewhere`` is judged by another oracle."""

    id: str
    text: str
    is_told_elsewhere: bool = False


def misread(name: str, book: Book, pages: Sequence[Sequence[Listed]], size: int, *, newest_first: bool) -> list[str]:
    """What is wrong with a list that was read page by page, a line each.

    :param size: how many entries each page was to have at most; every page but the last is full.
    """
    listed = list(chain.from_iterable(pages))
    found = [f"a page of {name} has {len(page)} entries, {size} were asked for" for page in pages if len(page) > size]
    found += [
        f"a page of {name} before the last has {len(page)} of {size} entries" for page in pages[:-1] if len(page) < size
    ]
    seen: set[str] = set()
    for each in listed:
        if each.id in seen:
            found.append(f"{name} shows {each.id} twice")
        seen.add(each.id)
    if not book.is_known:
        return found
    possible = list(book.possible)
    for each in listed:
        entry = book.entries.get(each.id)
        if entry is not None and entry.texts is not None and each.text not in entry.texts:
            found.append(f"{name} shows {each.id} with {each.text[:100]!r} instead of {_either(entry.texts)}")
        if entry is not None or each.is_told_elsewhere or each.id in book.doubtful:
            continue
        taken = next((text for text in possible if text in (None, each.text)), "nothing")
        if each.id in book.withdrawn:
            found.append(f"{name} shows {each.id}, which was deleted")
        elif taken == "nothing":
            found.append(f"{name} shows {each.id} ({each.text[:100]!r}), which nobody has written there")
        else:
            possible.remove(taken)
    found += [
        f"{name} lacks {id} ({_either(entry.texts)})"
        for id, entry in book.entries.items()
        if id not in seen and id not in book.doubtful
    ]
    return found + _out_of_order(name, book, listed, newest_first)


def _out_of_order(name: str, book: Book, listed: Sequence[Listed], newest_first: bool) -> list[str]:
    known = [(each.id, book.entries[each.id]) for each in listed if each.id in book.entries]
    found = []
    for (one, first), (other, second) in pairwise(known):
        earlier, later = (second, first) if newest_first else (first, second)
        if later.answered_at < earlier.asked_at:
            found.append(f"{name} shows {one} before {other}, {'newest' if newest_first else 'oldest'} first")
    return found


def _either(texts: frozenset[str] | None) -> str:
    return "any text" if texts is None else " or ".join(repr(text[:100]) for text in sorted(texts))


@dataclass(frozen=True, slots=True)
class Spending:
    """What an organisation's statement must say, as far as it is known: amounts of this month."""

    monthly: str | None = None
    spent: Decimal | None = None
    spent_by_reader: Decimal | None = None
    allotted: Decimal | None = None


def misstated(name: str, due: Spending, shown: Sequence[tuple[str, str | None]]) -> list[str]:
    """Where a statement differs from what was booked, a line each.

    :param shown: its amounts by their names: ``monthly``, ``spent``, ``spent_by_reader``, ``allotted``, ``remaining``.
    """
    says = dict(shown)
    expected: dict[str, Decimal | None] = {
        "monthly": None if due.monthly is None else Decimal(due.monthly),
        "spent": due.spent,
        "spent_by_reader": due.spent_by_reader,
        "allotted": due.allotted,
        "remaining": None if due.monthly is None or due.spent is None else Decimal(due.monthly) - due.spent,
    }
    return [
        f"{name} says {what} {says.get(what)}, booked is {amount}"
        for what, amount in expected.items()
        if amount is not None and (says.get(what) is None or Decimal(says[what] or 0) != amount)
    ]
