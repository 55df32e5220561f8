"""With a membership ends what belongs to it: its sessions, its runs, its invitations; its address is free again."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from apex.auth.accounts import Accounts
from apex.auth.models import Acceptance, Invite, SignUp
from apex.auth.passwords import Passwords
from apex.auth.sessions import Sessions
from apex.config.live import Configuration
from apex.http.identity import Identity, verify
from apex.http.problems import Problem
from apex.storage.runs import now
from apex.storage.tables import outbox, runs, threads
from tests.apex.examples import SETTINGS

PASSWORD = SecretStr("correct horse battery")


@pytest.fixture
def place(database):
    """An organisation with an owner and a member, both logged in."""
    passwords = Passwords("minimum")
    accounts, sessions = Accounts(database, passwords, SETTINGS), Sessions(database, passwords, SETTINGS)
    mark = uuid.uuid4().hex

    def logged_in(email: str) -> Identity:
        login = sessions.verify(email, PASSWORD.get_secret_value())
        return verify(Configuration("auth", SETTINGS), sessions.open(login, None).access_token)

    accounts.sign_up(SignUp(organisation="Acme", email=f"owner@{mark}.example", password=PASSWORD))
    owner, email = logged_in(f"owner@{mark}.example"), f"Ben@{mark}.example"
    found = SimpleNamespace(database=database, accounts=accounts, sessions=sessions, owner=owner, email=email)
    found.logged_in = logged_in
    found.invited = lambda: accounts.invite(owner, Invite(email=email)).token
    found.joined = lambda token: accounts.accept(Acceptance(token=SecretStr(token), password=PASSWORD))
    found.ben = found.joined(found.invited())
    return found


def remove(place):
    place.accounts.remove(place.owner, place.ben.id, place.sessions)


def a_run(place, **values: Any) -> str:
    """A run of the member."""
    ids = {"tenant_id": place.owner.tenant_id, "user_id": place.ben.id}
    thread, run = str(uuid.uuid4()), str(uuid.uuid4())
    with place.database.tenant(place.owner.tenant_id) as connection:
        connection.execute(threads.insert().values(id=thread, title="Some", **ids))
        connection.execute(
            runs.insert().values(
                id=run,
                thread_id=thread,
                agent_name="some",
                input={},
                caller={},
                time_limit_seconds=60,
                traceparent="00-1-2-01",
                request_id="request",
                **ids,
                **values,
            )
        )
    return run


def stored(place, run: str) -> Any:
    with place.database.tenant(place.owner.tenant_id) as connection:
        return connection.execute(select(runs).where(runs.c.id == run)).one()


def test_the_address_can_be_invited_again_and_gets_an_account_of_its_own(place):
    place.logged_in(place.email)
    remove(place)
    with pytest.raises(Problem) as refused:
        place.logged_in(place.email)
    assert refused.value.status == 401
    again = place.joined(place.invited())
    assert again.id != place.ben.id
    assert place.logged_in(place.email).user_id == again.id
    assert [member.id for member in place.accounts.members(place.owner)] == [place.owner.user_id, again.id]


def test_the_address_can_found_an_organisation_of_its_own(place):
    remove(place)
    founded = place.accounts.sign_up(SignUp(organisation="Other", email=place.email.lower(), password=PASSWORD))
    assert founded.tenant.id != place.owner.tenant_id


def test_an_address_of_a_member_is_still_taken(place):
    for again in range(2):
        with pytest.raises(Problem) as refused:
            place.accounts.sign_up(SignUp(organisation="Other", email=place.email.upper(), password=PASSWORD))
        assert refused.value.status == 409
        if not again:
            remove(place)
            place.joined(place.invited())


def test_an_invitation_from_before_lets_nobody_in_again(place):
    left_over = place.invited()
    remove(place)
    with pytest.raises(Problem) as refused:
        place.joined(left_over)
    assert refused.value.code == "invitation_expired"


def test_a_waiting_run_is_cancelled_and_a_running_one_is_told_to_stop(place):
    waiting, running = a_run(place), a_run(place, status="running", worker="worker", started_at=now())
    ended = a_run(place, status="completed", worker="worker", started_at=now(), finished_at=now())
    remove(place)
    assert stored(place, waiting).status == "cancelled"
    assert (stored(place, running).status, stored(place, running).cancel_requested_at is None) == ("running", False)
    assert stored(place, running).cancel_requested_by == place.owner.user_id
    assert (stored(place, ended).status, stored(place, ended).cancel_requested_at) == ("completed", None)
    with place.database.tenant(place.owner.tenant_id) as connection:
        told = connection.scalars(select(outbox.c.payload).where(outbox.c.topic == "events")).all()
    assert [(event["type"], event["payload"]) for event in told] == [
        ("agent_cancelled", {"cancelled_by": place.owner.user_id})
    ]
