"""Customers become known through the platform's own sign-up; names resolve within one scenario."""

import re

import pytest

from support.platform.drivers.apex import ApexDriver
from support.redaction import MASK, redact
from support.scenario.users import OPERATOR, USER_PATTERN, Plan, Role, Tenant, Users
from support.scenario.verdict import NotShown
from tests.servers import ApiServer, Asked


def sign_up_desk(asked: Asked):
    """Answers as the platform's account service does."""
    body = asked.body or {}
    match asked.method, asked.path:
        case "POST", "/v1/signup":
            tenant = {"id": f"tenant-of-{body['organisation']}", "name": body["organisation"], "plan": body["plan"]}
            return 201, {}, {"tenant": tenant, "user": {"id": body["email"], "email": body["email"], "role": "owner"}}
        case "POST", "/v1/invitations":
            return (
                201,
                {},
                {"id": "i", "email": body["email"], "role": body["role"], "token": f"invited {body['email']}"},
            )
        case "POST", "/v1/invitations/acceptance":
            email = body["token"].split()[1]
            return 201, {}, {"user": {"id": email, "email": email, "role": "member"}}
        case "POST", "/v1/token":
            token = {"access_token": f"access-{_word(body)}", "refresh_token": f"refresh-{_word(body)}"}
            return 200, {}, {**token, "token_type": "Bearer", "expires_in": 900}
        case "GET", "/v1/me":
            return 200, {}, {"user": {"id": "operator-id"}, "tenant": {"id": "platform-id"}}
    return 404, {}, {"code": "not_found"}


def _word(body) -> str:
    return str(body["email"]).replace("@", "-")


@pytest.fixture
def users(api: ApiServer) -> Users:
    api.answer = sign_up_desk
    return Users(ApexDriver({"auth": api.url, "backend": api.url}), "op@platform.example", "operator-password")


def test_an_owner_signs_up_with_a_plan_and_logs_in(api, users):
    acme = users.settle(users["Acme"], Plan.ENTERPRISE)
    assert [asked.path for asked in api.asked] == ["/v1/signup", "/v1/token"]
    assert api.asked[0].body["plan"] == "enterprise"
    assert re.fullmatch(r"acme-[0-9a-f]{8}", acme.tenant.name)
    assert acme.tenant.id == f"tenant-of-{acme.tenant.name}"
    assert acme.role == "owner"
    assert acme.access_token == f"access-{acme.email.replace('@', '-')}"


def test_settling_again_does_nothing(api, users):
    users.settle(users["Acme"])
    users.settle(users["Acme"])
    assert len(api.asked) == 2


def test_a_colleague_is_invited_by_the_owner(api, users):
    ben = users.settle(users["Ben of Acme"], role=Role.VIEWER)
    assert [asked.path for asked in api.asked] == [
        "/v1/signup",
        "/v1/token",
        "/v1/invitations",
        "/v1/invitations/acceptance",
        "/v1/token",
    ]
    assert api.asked[2].body["role"] == "viewer"
    assert api.asked[2].headers["authorization"] == f"Bearer {users['Acme'].access_token}"
    assert ben.tenant is users["Acme"].tenant
    assert ben.http is not users["Acme"].http


def test_the_operator_logs_in_and_is_no_customer(api, users):
    operator = users.operator
    assert (operator.id, operator.role) == ("operator-id", "operator")
    assert [asked.path for asked in api.asked] == ["/v1/token", "/v1/me"]
    assert users.tenants == []


def test_a_crowd_has_organisations_of_its_own(users):
    crowd = users.crowd(12)
    assert len({user.tenant.marker for user in crowd}) == 12
    assert len({user.tenant.account_id for user in crowd}) == 12
    assert [user.tenant.plan for user in crowd] == [*Plan] * 3
    assert [crowd[0].alias, crowd[11].alias] == ["Acme", "Customer12"]


def test_a_refused_sign_up_leaves_the_promise_open(api, users):
    api.answer = lambda asked: (503, {}, {"code": "unavailable"})
    with pytest.raises(NotShown, match="/v1/signup: 503 unavailable"):
        users.settle(users["Acme"])


def test_credentials_are_secrets(users):
    acme = users.settle(users["Acme"])
    text = f"{acme!r} {acme.password} {acme.access_token} {acme.refresh_token}"
    assert acme.password not in repr(acme)
    assert redact(text).count(MASK) == 3


def test_tenants_are_unlike_each_other():
    first, second = Tenant.fresh("Acme"), Tenant.fresh("Acme")
    assert first.marker != second.marker
    assert re.fullmatch(r"canary-[0-9a-f]{12}", first.marker)
    assert re.fullmatch(r"\d{12}", first.account_id)
    assert first.role_arn == f"arn:aws:iam::{first.account_id}:role/apex-cost-reader"


@pytest.mark.parametrize("name", ["Acme", "Ben of Acme", "Cleo of Lumen", OPERATOR])
def test_names_of_the_cast_are_understood(name):
    assert re.fullmatch(USER_PATTERN, name)


@pytest.mark.parametrize("name", ["Acmee", "acme", "Ben", "Ben of Nowhere", "operator", "Customer11"])
def test_a_mistyped_name_is_nobody(name):
    assert not re.fullmatch(USER_PATTERN, name)


def test_who_watches_nothing_has_no_events(users):
    with pytest.raises(NotShown, match="Acme watches nothing"):
        _ = users["Acme"].events
