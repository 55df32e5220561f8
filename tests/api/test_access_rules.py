"""Access rules of endpoints: none is missing, and none is left over."""

from support.api.access_rules import CUSTOMERS, OPERATORS, cover
from support.platform.openapi import Operation
from support.platform.target import Target
from tests.api.responses import mismatch

AGREED = Target.load("apex").endpoints


def endpoint(place: str) -> Operation:
    method, _, path = place.partition(" ")
    return Operation("backend", method, path, {}, {}, AGREED.roles.get(place))


KNOWN = [endpoint(place) for place in AGREED.roles]


def test_every_endpoint_that_is_closed_to_a_role_has_a_permission():
    closed_to_some = {place for place, roles in AGREED.roles.items() if roles < CUSTOMERS | OPERATORS}
    assert set(AGREED.permissions) == closed_to_some


def test_special_endpoints_have_access_rules():
    of_parameters = AGREED.groups["unlisted"]
    assert frozenset[str]().union(*AGREED.groups.values()) - of_parameters <= AGREED.roles.keys()


def test_an_endpoint_that_is_not_published():
    assert cover(AGREED.roles).matches(KNOWN)
    assert mismatch(cover(AGREED.roles), KNOWN[1:]) == f"{KNOWN[0].place} is not published"
