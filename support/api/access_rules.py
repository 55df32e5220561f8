"""Which roles may call which endpoint, as it is agreed with customers: the platform is not asked for it."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hamcrest.core.base_matcher import BaseMatcher

from support.matchers.faultless import faultless
from support.platform.openapi import Operation

PUBLIC = frozenset({"public"})
"""No token is needed."""
SERVICES = frozenset({"services"})
"""For the platform's own services; no customer's token is good enough."""
OPERATORS = frozenset({"operator"})
"""For the operators of the platform alone."""
CUSTOMERS = frozenset({"owner", "admin", "member", "viewer"})


@cache
def access_rules() -> dict[str, frozenset[str]]:
    """The roles that may call each endpoint, by its method and path."""
    return {place: frozenset(roles) for place, roles in _agreed()["roles"].items()}


@cache
def _agreed() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("access_rules.toml").read_text("utf-8"))


def roles_of(operation: Operation) -> frozenset[str] | None:
    """The roles that may call an endpoint; None without an access rule."""
    return access_rules().get(operation.place)


def permission_of(operation: Operation) -> str | None:
    """The permission that the other roles lack; None where every role may call it."""
    named: str | None = _agreed()["permissions"].get(operation.place)
    return named


def cover_the_access_rules() -> BaseMatcher[Sequence[Operation]]:
    """Published operations, among them every endpoint that has an access rule."""

    def faults_of(published: Sequence[Operation]) -> list[str]:
        missing = access_rules().keys() - {operation.place for operation in published}
        return [f"{place} is not published" for place in sorted(missing)]

    return faultless("every endpoint that has an access rule", faults_of)
