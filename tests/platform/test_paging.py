"""Lists that are read page by page, to their end."""

from collections.abc import Sequence

from support.platform.dialect import Meaning
from support.platform.outcome import Outcome
from support.platform.paging import pages
from support.platform.values import Page


def read(following: Sequence[str | None]) -> list[str | None]:
    """The cursors under which a list is asked for, whose pages name these next ones."""
    asked: list[str | None] = []

    def ask(cursor: str | None = None) -> Outcome:
        asked.append(cursor)
        page: Page[str] = Page([], following[len(asked) - 1])
        return Outcome("GET", "/list", 200, text="{}", meaning=Meaning.DONE, read=lambda body: page)

    list(pages(ask))
    return asked


def test_every_page_is_read_once():
    assert read([None]) == [None]
    assert read(["a", "b", None]) == [None, "a", "b"]


def test_a_list_that_comes_back_to_a_page_is_read_no_further():
    assert read(["a", "a"]) == [None, "a"]
    assert read(["a", "b", "a"]) == [None, "a", "b"]
