"""Customers read back what was written for them: every list page by page, and single entries by their IDs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from support.oracles.books import Book, Entry, Listed, misread, misstated
from support.platform.capabilities import Capability
from support.platform.http import HttpDriver, given
from support.platform.outcome import Outcome
from support.platform.paging import pages
from support.scenario.bookkeeping import Books
from support.scenario.users import User

SIZES = (1, 2, 7)
"""Sizes of pages that are asked for, beside the platform's usual one."""
_MOST_PAGES = 12
_READERS = 3


def read_back(
    books: Books, platform: HttpDriver, has: frozenset[Capability], users: Iterable[User], size: int | None
) -> list[str]:
    """What the last of those who wrote read otherwise than it was written, a line each.

    :param size: of the pages that are asked for; None: the platform's usual one.
    """
    if not books.is_open:
        return []
    present = {user for user in users if user in books.people and user.access_token}
    writers = [user for user in books.writers if user in present]
    others = sorted(present.difference(writers), key=str)
    found: list[str] = []
    for user in [*writers, *others][:_READERS]:
        found += _Reading(books, platform, has, user, size).faults()
    return found


def _messages_of(platform: HttpDriver, thread_id: str, who: User, **page: Any) -> Outcome:
    return platform.messages(who, thread_id, **page)


@dataclass(slots=True)
class _Reading:
    """One user reads everything that is theirs. What they are refused is not judged here."""

    books: Books
    platform: HttpDriver
    has: frozenset[Capability]
    user: User
    size: int | None

    def faults(self) -> list[str]:
        books, platform, user, tenant = self.books, self.platform, self.user, self.user.tenant.alias
        if Capability.CONVERSATIONS not in self.has:
            return []
        threads = books.of("threads", user)
        found = self._pages(
            "conversations",
            threads,
            platform.threads,
            lambda item: Listed(item.id, item.title or ""),
            newest_first=True,
        )
        for id in list(threads.entries)[-1:]:
            if id in threads.doubtful:
                continue
            found += self._one(id, threads.entries[id])
            if Capability.MESSAGES not in self.has:
                continue
            found += self._pages(
                f"conversation {id}",
                books.of("messages", id),
                partial(_messages_of, platform, id),
                lambda item: Listed(item.id, item.content, item.run_id is not None),
                newest_first=False,
                paged=Capability.MESSAGE_PAGES in self.has,
            )
        found += [
            f"{user} can read conversation {id}, which was deleted"
            for id in list(threads.withdrawn)[-1:]
            if platform.thread(user, id).done
        ]
        if Capability.ALLOWANCES in self.has and books.has_allowance(tenant):
            found += self._money(tenant)
        if Capability.COLLEAGUES in self.has and len(books.of("members", tenant).entries) > 1:
            members = platform.members(user)
            if members.done:
                listed = [Listed(each.user_id, each.role) for each in members.value.items]
                found += misread(
                    f"{user}'s list of members", books.of("members", tenant), [listed], len(listed), newest_first=False
                )
        return found

    def _money(self, tenant: str) -> list[str]:
        books, platform, user = self.books, self.platform, self.user
        found = self._pages(
            "expenses",
            books.of("expenses", user),
            platform.expenses,
            lambda item: Listed(item.id, f"{item.amount} {item.purpose}"),
            newest_first=True,
        )
        found += self._pages(
            "budgets",
            books.of("budgets", tenant),
            platform.budgets,
            lambda item: Listed(item.id, f"{item.amount} {item.team}"),
            newest_first=True,
        )
        statement = platform.allowance(user)
        if statement.done:
            says = statement.value
            amounts = [
                ("monthly", says.monthly_amount),
                ("spent", says.spent),
                ("spent_by_reader", says.spent_by_you),
                ("allotted", says.allotted),
                ("remaining", says.remaining),
            ]
            found += misstated(f"{user}'s statement", books.spending(user), amounts)
        return found

    def _one(self, id: str, entry: Entry) -> list[str]:
        read = self.platform.thread(self.user, id)
        if not read.done or entry.texts is None or read.value.title in entry.texts:
            return []
        return [f"{self.user} reads conversation {id} as {read.value.title!r} instead of {sorted(entry.texts)}"]

    def _pages(
        self,
        what: str,
        book: Book,
        ask: Callable[..., Outcome],
        listed: Callable[[Any], Listed],
        *,
        newest_first: bool,
        paged: bool = True,
    ) -> list[str]:
        # Of a long list larger pages than wished for: it is not to take longer than the scenario.
        size = None if not paged or self.size is None or len(book.entries) > self.size * _MOST_PAGES else self.size
        answers = list(islice(pages(partial(ask, self.user), **given(limit=size)), _MOST_PAGES))
        if not answers[-1].done or answers[-1].value.next is not None:
            return []
        shown = [[listed(item) for item in answer.value.items] for answer in answers]
        most = size or max(map(len, shown))
        return misread(f"{self.user}'s list of {what}", book, shown, most, newest_first=newest_first)
