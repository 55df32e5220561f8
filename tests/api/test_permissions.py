"""Responses that follow the access rules, and permission errors that name the permission."""

import pytest

from support.api.permissions import ANONYMOUS, RoleCall, follow_the_access_rules, name_the_missing_permission
from support.platform.outcome import Outcome
from tests.api.responses import PLACE, mismatch, response

OWNERS = frozenset({"owner"})
SERVICES = frozenset({"services"})


def called(
    role: str,
    answer: Outcome,
    roles: frozenset[str] | None = OWNERS,
    permission: str | None = "things:read",
    owned: bool = True,
) -> RoleCall:
    return RoleCall(PLACE, answer, role, roles, permission, owned)


DENIED = response(403, {"code": "permission_denied", "detail": "Needs 'things:read'.", "permission": "things:read"})
OPEN = called("owner", response(200))
CLOSED = called("viewer", DENIED)


@pytest.mark.parametrize(
    "also",
    [
        OPEN,
        CLOSED,
        called("owner", response(404), owned=False),
        called("owner", response(401), SERVICES),
        called(ANONYMOUS, response(401)),
    ],
)
def test_responses_that_follow_the_rules(also):
    assert follow_the_access_rules().matches([OPEN, CLOSED, also])


@pytest.mark.parametrize(
    "wrong",
    [
        *(called("viewer", response(status)) for status in (200, 401, 404, 422)),
        *(called("owner", response(status)) for status in (401, 404, 500, None)),
        *(called(ANONYMOUS, answer) for answer in (response(200), DENIED)),
        called("owner", DENIED),
        called("owner", response(200), SERVICES),
        called("owner", response(200), None),
        called("owner", DENIED, None),
        called(ANONYMOUS, response(401), None),
    ],
)
def test_one_that_does_not(wrong):
    assert f"{PLACE} as {wrong.role}" in mismatch(follow_the_access_rules(), [OPEN, CLOSED, wrong])


@pytest.mark.parametrize("calls", [[], [OPEN], [CLOSED]])
@pytest.mark.parametrize("matcher", [follow_the_access_rules(), name_the_missing_permission()])
def test_responses_of_one_kind_prove_nothing(matcher, calls):
    assert mismatch(matcher, calls).startswith("no response was")


def test_errors_that_name_the_permission():
    assert name_the_missing_permission().matches([OPEN, CLOSED, called("owner", response(401), SERVICES)])


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            called("viewer", response(403, body))
            for body in (
                {},
                {"code": "permission_denied", "detail": "No."},
                {"code": "permission_denied", "detail": "No.", "permission": "things:read"},
                {"code": "permission_denied", "detail": "No.", "permission": ""},
            )
        ),
        called("viewer", DENIED, permission="things:write"),
        called("viewer", DENIED, permission=None),
    ],
)
def test_an_error_that_names_none_or_another(wrong):
    assert PLACE in mismatch(name_the_missing_permission(), [OPEN, CLOSED, wrong])
