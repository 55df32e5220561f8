"""Requests with a key are made once."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.exc import OperationalError

from apex.backend.models import NewThread, Thread
from apex.backend.threads import new_thread
from apex.http.idempotency import Key, once
from apex.http.identity import Identity, acting_as
from apex.http.problems import Problem
from apex.http.routing import Repeating
from apex.storage.repeating import UnknownOutcome
from apex.storage.tables import sessions, threads


class Counted(BaseModel):
    """An answer that is different each time."""

    number: int


@pytest.fixture
def identity(database, run) -> Identity:
    """A caller with a session."""
    session = str(uuid.uuid4())
    with database.tenant(str(run.tenant_id)) as connection:
        owner = {"tenant_id": run.tenant_id, "user_id": run.user_id}
        connection.execute(
            sessions.insert().values(id=session, refresh_hash=session, expires_at=run.created_at, **owner)
        )
    return Identity(str(run.user_id), str(run.tenant_id), session, "owner", "mid", time.time() + 60)


@pytest.fixture
def create(database):
    """An endpoint that begins a thread."""

    @once(database)
    def begin(request: NewThread, identity: Identity) -> Thread:
        with acting_as(database, identity) as connection:
            return Thread.model_validate(new_thread(connection, identity, request.title), from_attributes=True)

    return begin


def count(database, identity) -> int:
    with database.tenant(identity.tenant_id) as connection:
        return len(connection.execute(threads.select()).all())


def test_the_same_request_has_the_same_answer_and_is_made_once(database, identity, create):
    before = count(database, identity)
    first = create(request=NewThread(title="one"), identity=identity, idempotency_key="a")
    again = create(request=NewThread(title="one"), identity=identity, idempotency_key="a")
    assert again == first
    assert create(request=NewThread(title="one"), identity=identity, idempotency_key="b") != first
    assert count(database, identity) == before + 2


def test_another_request_may_not_use_the_key(database, identity, create):
    create(request=NewThread(title="one"), identity=identity, idempotency_key="a")
    with pytest.raises(Problem) as refused:
        create(request=NewThread(title="two"), identity=identity, idempotency_key="a")
    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_reused")


def test_what_is_sent_at_the_same_moment_is_made_once(database, identity):
    calls, go_on = [], threading.Event()

    @once(database)
    def slowly(identity: Identity) -> Counted:
        calls.append(1)
        go_on.wait(20)
        return Counted(number=len(calls))

    with ThreadPoolExecutor(4) as together:
        waiting = [together.submit(slowly, identity=identity, idempotency_key="a") for _ in range(4)]
        while not calls:
            threading.Event().wait(0.01)
        go_on.set()
        assert {each.result().number for each in waiting} == {1}
    assert len(calls) == 1


def test_what_failed_may_be_sent_again(database, identity):
    calls: list[int] = []

    @once(database)
    def failing(identity: Identity) -> Counted:
        calls.append(1)
        if len(calls) == 1:
            raise Problem(409, "conflict", "not now")
        return Counted(number=len(calls))

    with pytest.raises(Problem):
        failing(identity=identity, idempotency_key="a")
    assert failing(identity=identity, idempotency_key="a").number == 2


def test_what_does_not_pass_is_tried_as_often_with_a_key_as_without(database, identity):
    calls: list[int] = []

    @once(database)
    def deadlocked(identity: Identity) -> Counted:
        calls.append(1)
        raise OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected())

    router = APIRouter(route_class=Repeating)
    router.post("/x")(deadlocked)
    route: Any = router.routes[0]
    for given in ({}, {"idempotency_key": "a"}):
        calls.clear()
        with pytest.raises(OperationalError):
            route.endpoint(identity=identity, **given)
        assert len(calls) == 6


def test_an_unknown_outcome_is_found_out(database, identity, create, monkeypatch):
    before = count(database, identity)
    commits = []

    def lost(connection, transaction):
        commits.append(1)
        transaction.commit()
        if len(commits) == 1:
            raise UnknownOutcome("the line was lost")

    monkeypatch.setattr("apex.storage.database._commit", lost)
    create(request=NewThread(title="one"), identity=identity, idempotency_key="a")
    assert count(database, identity) == before + 1


def test_keys_are_the_callers_own(database, identity, create):
    first = create(request=NewThread(title="one"), identity=identity, idempotency_key="a")
    other = str(uuid.uuid4())
    with database.tenant(identity.tenant_id) as connection:
        connection.exec_driver_sql(
            "INSERT INTO users (id, tenant_id, email, role, password_hash) VALUES (%s, %s, %s, 'member', 'none')",
            (other, identity.tenant_id, f"{other}@x.example"),
        )
    colleague = Identity(other, identity.tenant_id, identity.session_id, "member", "mid", identity.expires_at)
    assert create(request=NewThread(title="one"), identity=colleague, idempotency_key="a") != first


@pytest.mark.parametrize("key", ["", "x" * 256, "two\nlines", "größe", " a"])
def test_odd_keys_are_refused(key):
    with pytest.raises(ValidationError):
        TypeAdapter(Key).validate_python(key)


def test_a_key_may_stand_in_quotes():
    assert TypeAdapter(Key).validate_python('"a key"') == "a key"
