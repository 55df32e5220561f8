"""Who may call endpoints, by the words of the access rules."""

from collections.abc import Iterable, Sequence

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


def cover(rules: Iterable[str]) -> BaseMatcher[Sequence[Operation]]:
    """Published operations, among them every endpoint that has an access rule."""

    def faults_of(published: Sequence[Operation]) -> list[str]:
        missing = set(rules) - {operation.place for operation in published}
        return [f"{place} is not published" for place in sorted(missing)]

    return faultless("every endpoint that has an access rule", faults_of)
