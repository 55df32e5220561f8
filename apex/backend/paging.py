"""Pages by cursor: stable while rows come and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement, Row, Table, tuple_

from apex.http.values import AsDigits, Pattern

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_Written = Annotated[
    str, Field(max_length=50), Pattern("[0-9]{1,17}_[0-9a-f]{32}", "Should be the next_cursor of a page")
]
Cursor = Annotated[_Written | None, Query()]
"""Where a page begins, as the page before has told it: microseconds of the last row's time, and its id.

Whatever looks like one is one: there is no text that the published pattern allows and that is refused.
"""

Limit = Annotated[int, Query(ge=1, le=200), AsDigits]
"""How many things a page may have."""


def after(table: Table, cursor: str | None, *, newest_first: bool) -> list[ColumnElement[bool]]:
    """The condition for rows behind ``cursor`` in the order (created_at, id)."""
    if cursor is None:
        return []
    position = row_at(cursor)
    key = tuple_(table.c.created_at, table.c.id)
    return [key < position if newest_first else key > position]


def row_at(cursor: str) -> tuple[datetime, str]:
    """The time and the id of the row that ``cursor`` stands behind."""
    microseconds, _, row_id = cursor.partition("_")
    return _EPOCH + int(microseconds) * _MICROSECOND, str(UUID(row_id))


def next_cursor(rows: list[Row[Any]], limit: int) -> str | None:
    """The cursor behind the last of ``limit`` rows; None when there are no more (``rows`` holds one to spare)."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return f"{(last.created_at - _EPOCH) // _MICROSECOND}_{UUID(last.id).hex}"
