"""Access rules of endpoints: none is missing, and none is left over."""

from support.api.access_rules import CUSTOMERS, OPERATORS, access_rules, cover_the_access_rules, permission_of, roles_of
from support.platform.openapi import Operation
from tests.api.responses import mismatch


def endpoint(place: str) -> Operation:
    method, _, path = place.partition(" ")
    return Operation("backend", method, path, {}, {})


KNOWN = [endpoint(place) for place in access_rules()]


def test_an_unknown_endpoint_has_no_access_rule():
    assert roles_of(endpoint("GET /v1/newest-things")) is None
    assert all(map(roles_of, KNOWN))


def test_every_endpoint_that_is_closed_to_a_role_has_a_permission():
    closed_to_some = {place for place, roles in access_rules().items() if roles < CUSTOMERS | OPERATORS}
    assert {each.place for each in KNOWN if permission_of(each)} == closed_to_some


def test_an_endpoint_that_is_not_published():
    assert cover_the_access_rules().matches(KNOWN)
    assert mismatch(cover_the_access_rules(), KNOWN[1:]) == f"{KNOWN[0].place} is not published"
