"""The customers' books: every write that a scenario asks of the platform is entered, to be read back at its end.

Only what goes through the driver's verbs is entered. Where a scenario writes in another way (past the platform, or with
requests of its own making), :meth:`Books.close` says that nothing is known any more.
"""

import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from support.oracles.books import Book, Entry, Spending
from support.platform.dialect import Meaning
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import User

Key = tuple[str, object]
"""What a list holds, and whose it is: a user, a tenant's alias, a thread's id."""


@dataclass(frozen=True, slots=True)
class Written:
    """A verb that was asked of the platform with these arguments, and what came of it (monotonic seconds)."""

    who: User
    asked: Mapping[str, Any]
    outcome: Outcome
    at: float

    @property
    def is_done(self) -> bool:
        return self.outcome.done

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been done: no answer came, or one that does not say."""
        return self.outcome.status is None or self.outcome.meaning in (Meaning.FAILED, Meaning.UNAVAILABLE)


@dataclass(slots=True)
class Books:
    """The books of a scenario's customers."""

    is_open: bool = True
    people: set[User] = field(default_factory=set)
    """Whose accounts were made in the scenario: nobody else has written anything for them."""
    _books: defaultdict[Key, Book] = field(default_factory=lambda: defaultdict(Book))
    _allowances: dict[str, str | None] = field(default_factory=dict)
    _writers: dict[User, None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """Somebody has written, or is about to, in a way that the books know nothing of."""
        self.is_open = False

    def of(self, kind: str, whose: object) -> Book:
        """The book of one list."""
        return self._books[kind, whose]

    def keeping(self, driver: HttpDriver) -> HttpDriver:
        """The same driver; what its verbs write is entered."""
        kept = copy(driver)
        for name, method in inspect.getmembers(driver, inspect.ismethod):
            setattr(kept, name, method)  # what a verb itself requests is not taken for a request past the verbs
        for verb, enter in _ENTRIES.items():
            setattr(kept, verb, self._entering(getattr(driver, verb), enter))
        kept.request = self._closing(driver.request)  # type: ignore[method-assign]
        return kept

    def _entering(self, verb: Callable[..., Outcome], enter: "Enter") -> Callable[..., Outcome]:
        signature = inspect.signature(verb)

        def entered(*args: Any, **named: Any) -> Outcome:
            asked_at = time.monotonic()
            outcome = verb(*args, **named)
            asked = signature.bind(*args, **named)
            asked.apply_defaults()
            who = asked.arguments.pop("who")
            with self._lock:
                if isinstance(who, User):
                    self._writers[who] = self._writers.pop(who, None)
                    enter(self, Written(who, asked.arguments, outcome, asked_at))
                elif outcome.done:
                    self.close()
            return outcome

        return entered

    def _closing(self, request: Callable[..., Outcome]) -> Callable[..., Outcome]:
        def closed(who: Any, method: str, path: str, **options: Any) -> Outcome:
            outcome = request(who, method, path, **options)
            if method not in ("GET", "HEAD", "OPTIONS") and (outcome.done or outcome.status is None):
                self.close()
            return outcome

        return closed

    # -- entering -----------------------------------------------------------------------------------------------

    def add(self, kind: str, whose: object, written: Written, id: Callable[[Any], str], text: str | None) -> None:
        """Enter something new, or that it may be there."""
        book = self._books[kind, whose]
        if written.is_done:
            texts = None if text is None else frozenset({text})
            book.entries[id(written.outcome.value)] = Entry(texts, written.at, time.monotonic())
        elif written.is_doubtful:
            book.possible.append(text)

    def change(self, kind: str, whose: object, written: Written, id: str, text: str) -> None:
        """Enter that something says something else, or may."""
        entry = self._books[kind, whose].entries.get(id)
        if entry is not None and written.is_done:
            entry.texts = frozenset({text})
        elif entry is not None and written.is_doubtful and entry.texts is not None:
            entry.texts |= {text}

    def allow(self, tenant: str, written: Written, amount: str) -> None:
        """Enter what an organisation may spend in a month."""
        if written.is_done:
            self._allowances[tenant] = amount
        elif written.is_doubtful:
            self._allowances[tenant] = None

    # -- what must be read now ----------------------------------------------------------------------------------

    @property
    def writers(self) -> list[User]:
        """Who has written, the last one first."""
        return list(reversed(self._writers))

    def has_allowance(self, tenant: str) -> bool:
        """Whether an organisation was given an allowance, or may have been."""
        return tenant in self._allowances

    def spending(self, reader: User) -> Spending:
        """What the statement of the reader's organisation must say."""
        tenant = reader.tenant.alias
        people = {
            key: book for key, book in self._books.items() if key[0] == "expenses" and _tenant_of(key[1]) == tenant
        }
        sums = {key[1]: _sum(book) for key, book in people.items()}
        known = [amount for amount in sums.values() if amount is not None]
        return Spending(
            self._allowances.get(tenant),
            sum(known, Decimal()) if len(known) == len(sums) else None,
            sums.get(reader, Decimal()),
            _sum(self.of("budgets", tenant)),
        )


def _tenant_of(whose: object) -> str | None:
    return whose.tenant.alias if isinstance(whose, User) else None


def _sum(book: Book) -> Decimal | None:
    texts = [entry.texts for entry in book.entries.values()]
    if not book.is_certain or any(text is None or len(text) != 1 for text in texts):
        return None
    return sum((Decimal(next(iter(text or ())).partition(" ")[0]) for text in texts), Decimal())


def _money(amount: str) -> str:
    try:
        return f"{Decimal(amount):.2f}"
    except InvalidOperation:  # it will be refused
        return amount


# -- what verbs write ---------------------------------------------------------------------------------------------

Enter = Callable[[Books, Written], None]


def _created_thread(books: Books, made: Written) -> None:
    books.add("threads", made.who, made, lambda thread: str(thread.id), made.asked["title"])


def _renamed_thread(books: Books, made: Written) -> None:
    books.change("threads", made.who, made, made.asked["thread_id"], made.asked["title"])


def _deleted_thread(books: Books, made: Written) -> None:
    if made.is_done or made.is_doubtful:
        books.of("threads", made.who).withdraw(made.asked["thread_id"], made.is_done)


def _posted_message(books: Books, made: Written) -> None:
    books.add("messages", made.asked["thread_id"], made, lambda message: str(message.id), made.asked["content"])


def _moved_messages(books: Books, made: Written) -> None:
    source, target = books.of("messages", made.asked["thread_id"]), books.of("messages", made.asked["to"])
    if made.is_done:
        for id in made.asked["message_ids"]:
            if id in source.entries:
                target.entries[id] = source.entries[id]
                source.withdraw(id, certainly=True)
                target.withdrawn.discard(id)
    elif made.is_doubtful:
        source.is_known = target.is_known = False


def _started_run(books: Books, made: Written) -> None:
    """A run without a thread begins one, under a title of the platform's own."""
    if made.asked["thread_id"] is None:
        books.add("threads", made.who, made, lambda run: str(run.request.thread_id), None)


def _booked_expense(books: Books, made: Written) -> None:
    text = f"{_money(made.asked['amount'])} {made.asked['purpose']}"
    books.add("expenses", made.who, made, lambda expense: str(expense.id), text)


def _allotted(books: Books, made: Written) -> None:
    text = f"{_money(made.asked['amount'])} {made.asked['team']}"
    books.add("budgets", made.who.tenant.alias, made, lambda budget: str(budget.id), text)


def _changed_budget(books: Books, made: Written) -> None:
    entry = books.of("budgets", made.who.tenant.alias).entries.get(made.asked["budget_id"])
    if entry is not None and entry.texts is not None:
        team = next(iter(entry.texts)).partition(" ")[2]
        text = f"{_money(made.asked['amount'])} {team}"
        books.change("budgets", made.who.tenant.alias, made, made.asked["budget_id"], text)


def _set_allowance(books: Books, made: Written) -> None:
    books.allow(made.who.tenant.alias, made, _money(made.asked["monthly_amount"]))


def _signed_up(books: Books, made: Written) -> None:
    if made.who.known and (made.is_done or made.is_doubtful):
        books.close()  # one person with two organisations
    _joined(books, made)


def _joined(books: Books, made: Written) -> None:
    if made.is_done:
        books.people.add(made.who)
    role = made.outcome.value.role if made.is_done else None
    books.add("members", made.who.tenant.alias, made, lambda account: str(account.user_id), role)


def _removed(books: Books, made: Written) -> None:
    if made.is_done or made.is_doubtful:
        books.of("members", made.who.tenant.alias).withdraw(made.asked["user_id"], made.is_done)


_ENTRIES: Mapping[str, Enter] = {
    "provide": _joined,
    "sign_up": _signed_up,
    "accept_invitation": _joined,
    "remove_member": _removed,
    "create_thread": _created_thread,
    "rename_thread": _renamed_thread,
    "delete_thread": _deleted_thread,
    "post_message": _posted_message,
    "move_messages": _moved_messages,
    "start_run": _started_run,
    "set_allowance": _set_allowance,
    "book_expense": _booked_expense,
    "allot": _allotted,
    "change_budget": _changed_budget,
}
