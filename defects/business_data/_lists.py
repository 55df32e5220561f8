"""How a defect answers a list in the place of the platform."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection, Row, Select, Table, select

from apex.backend.paging import Limit, after, next_cursor
from apex.http.identity import Caller, Identity, acting_as
from apex.storage.database import Database
from defects._routes import answer_instead


def newest_first(connection: Connection, table: Table, query: Select[Any], limit: int) -> list[Row[Any]]:
    """One row more than the page has, which shows whether there is another page."""
    ordered = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit + 1)
    return list(connection.execute(ordered))


def list_instead(
    of: ModuleType,
    path: str,
    table: Table,
    kinds: tuple[type[BaseModel], type[BaseModel]],
    *,
    where: Callable[[Identity], Any] = lambda identity: True,
    shown: Callable[[Database, Identity, Row[Any]], Any] = lambda *_: True,
) -> None:
    """Answer a list with the rows of a table that a condition finds, newest first.

    :param kinds: the models of an item and of a page.
    :param shown: whether a row that was found is shown.
    """
    item, page = kinds

    def own(database: Database, router: APIRouter) -> None:
        @router.get(path)
        def listed(identity: Caller, cursor: str | None = None, limit: Limit = 50) -> Any:
            query = select(table).where(where(identity), *after(table, cursor, newest_first=True))
            with acting_as(database, identity) as connection:
                rows = newest_first(connection, table, query, limit)
            items = [row for row in rows[:limit] if shown(database, identity, row)]
            shown_items = [item.model_validate(row, from_attributes=True) for row in items]
            return page(items=shown_items, next_cursor=next_cursor(rows, limit))

    answer_instead(of, own)
