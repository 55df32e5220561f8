"""Pages by cursor: stable while rows come and go."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, Row, Table, tuple_

from apex.http.problems import Problem

Cursor = Annotated[str | None, Query(max_length=500)]
"""Where a page begins, as the page before has told it."""


def after(table: Table, cursor: str | None, *, newest_first: bool) -> list[ColumnElement[bool]]:
    """The condition for rows behind ``cursor`` in the order (created_at, id)."""
    if cursor is None:
        return []
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor))
        position = (datetime.fromisoformat(moment), str(uuid.UUID(row_id)))
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise Problem(
            422,
            "validation_failed",
            "The cursor is not one of ours.",
            errors=[{"field": "cursor", "message": "not a cursor"}],
        ) from None
    key = tuple_(table.c.created_at, table.c.id)
    return [key < position if newest_first else key > position]


def next_cursor(rows: list[Row[Any]], limit: int) -> str | None:
    """The cursor behind the last of ``limit`` rows; None when there are no more (``rows`` holds one to spare)."""
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return base64.urlsafe_b64encode(json.dumps([last.created_at.isoformat(), last.id]).encode()).decode()
