"""Reading a list page by page."""

from collections.abc import Callable, Iterator
from typing import Any

from support.platform.outcome import Outcome


def pages(ask: Callable[..., Outcome], **query: Any) -> Iterator[Outcome]:
    """The answer with each page of a list, whose value is a ``Page``; the last one may be a refusal.

    A list that comes back to a page that was read is read no further: it would have no end.
    """
    cursor: str | None = None
    read: set[str | None] = set()
    while True:
        answer = ask(**query, **({"cursor": cursor} if cursor else {}))
        yield answer
        cursor = answer.value.next if answer.done else None
        if cursor is None or cursor in read:
            return
        read.add(cursor)
