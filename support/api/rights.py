"""Who may use which published way in: the suite's own list, held against what the platform publishes and does."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from support.platform.openapi import Operation

ANYBODY = frozenset({"anybody"})
"""No token is needed."""
SERVICES = frozenset({"services"})
"""For the platform's own services; no customer's token is good enough."""
OPERATORS = frozenset({"operator"})
"""For the operators of the platform alone."""
CUSTOMERS = frozenset({"owner", "admin", "member", "viewer"})


@cache
def matrix() -> dict[str, frozenset[str]]:
    """Method and path of every known way in, and the roles that may use it."""
    return {place: frozenset(roles) for place, roles in _written()["rights"].items()}


@cache
def _written() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("rights.toml").read_text("utf-8"))


def rights_of(operation: Operation) -> frozenset[str] | None:
    """The roles that may use it; None when nobody has thought of it."""
    return matrix().get(operation.place)


def permission_of(operation: Operation) -> str | None:
    """The permission that those who may not use it are told they lack; None when nobody has thought of it."""
    named: str | None = _written()["permissions"].get(operation.place)
    return named


def forgotten(operations: Iterable[Operation]) -> list[str]:
    """Published ways in that have no rights written down."""
    return sorted({operation.place for operation in operations} - matrix().keys())


def without_door(operations: Iterable[Operation]) -> list[str]:
    """Ways in that have rights, and are not published."""
    return sorted(matrix().keys() - {operation.place for operation in operations})
