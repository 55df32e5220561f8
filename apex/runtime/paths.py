"""What the path of a request may name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from apex.http.problems import not_found
from apex.http.values import id_of

Named = Annotated[str, Path(max_length=100)]
"""An id or a name in a path. What cannot be one is not there, like anything else that is not."""


def id_in_path(named: str) -> str:
    """The id that a path names.

    Raises:
        Problem: 404 when it cannot be one.
    """
    id = id_of(named)
    if id is None:
        raise not_found()
    return id
