"""Seeded defects of what becomes of wrong input (API-05)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Self

from fastapi import FastAPI
from pydantic import AfterValidator, BaseModel, Field, ModelWrapValidatorHandler, model_validator
from structlog.contextvars import get_contextvars

from apex.auth import app as auth_app
from apex.auth.models import SignUp
from apex.backend import runs as backend_runs
from apex.backend import threads as backend_threads
from apex.backend.models import NewRun
from apex.http import problems
from apex.http.bodies import Bodies
from apex.settings import Requests
from apex.storage.database import Database
from apex.storage.storable import storable
from apex.storage.tables import tenants, threads
from defects import Scenario
from defects._patching import replace

wrong_request_said = Scenario("What is wrong with a request is said by name")


def _mistake(
    id: str, summary: str, step: str = "each is refused with what is wrong named"
) -> Callable[[Callable[[], None]], None]:
    return wrong_request_said.defect(id, summary, step=step, service="backend")


@_mistake("API-05a", "nobody looks whether a title is a text before it is stored")
def _() -> None:
    class AnyThread(BaseModel):
        title: Any

    replace(backend_threads, "NewThread", AnyThread)


@_mistake("API-05b", "a refusal does not say which field is wrong")
def _() -> None:
    replace(problems, "faults_of", lambda error: [])


@_mistake("API-05c", "what a run is given is stored without a look at its letters")
def _() -> None:
    class AnyRun(NewRun):
        input: dict[str, Any] = Field(default_factory=dict)

    replace(backend_runs, "NewRun", AnyRun)


@_mistake("API-05h", "what a run is given may have as many members as it likes")
def _() -> None:
    class LargeRun(NewRun):
        input: Annotated[dict[str, Any], AfterValidator(storable)] = Field(default_factory=dict)

    replace(backend_runs, "NewRun", LargeRun)


def _limits(**changed: int) -> None:
    def lenient(self: Bodies, app: Any, limits: Requests) -> None:
        original(self, app, limits.model_copy(update=changed))

    original = replace(Bodies, "__init__", lenient)


@_mistake("API-05d", "a request may be as large as it likes")
def _() -> None:
    _limits(max_body_bytes=2**40)


@_mistake("API-05e", "a request may be nested as deeply as it likes")
def _() -> None:
    _limits(max_nesting=2**40)


@_mistake(
    "API-05f", "a conversation begins before the rest of the request is looked at", "nothing of Acme's has changed"
)
def _() -> None:
    def routes(database: Database, *parts: Any) -> Any:
        databases.append(database)
        return original(database, *parts)

    class EagerRun(NewRun):
        @model_validator(mode="wrap")
        @classmethod
        def _begin(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
            asked_by = get_contextvars()
            with databases[0].tenant(asked_by["tenant_id"]) as connection:
                owner = {"tenant_id": asked_by["tenant_id"], "user_id": asked_by["user_id"]}
                connection.execute(threads.insert().values(id=str(uuid.uuid4()), title="New conversation", **owner))
            return handler(value)

    databases: list[Database] = []
    original = replace(backend_runs, "routes", routes)
    replace(backend_runs, "NewRun", EagerRun)


@wrong_request_said.defect(
    "API-05g",
    "an organisation is written before the rest of its sign-up is looked at",
    step="nobody has become a customer by it",
    service="auth",
)
def _() -> None:
    def application(process: Any, accounts: Any, sessions: Any, database: Database) -> FastAPI:
        databases.append(database)
        app: FastAPI = original(process, accounts, sessions, database)
        return app

    class EagerSignUp(SignUp):
        @model_validator(mode="wrap")
        @classmethod
        def _begin(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
            try:
                return handler(value)
            except ValueError:
                name = value.get("organisation") if isinstance(value, dict) else None
                if isinstance(name, str) and name.isprintable():
                    own = str(uuid.uuid4())
                    with databases[0].tenant(own) as connection:
                        connection.execute(tenants.insert().values(id=own, name=name, plan="free"))
                raise

    databases: list[Database] = []
    original = replace(auth_app, "application", application)
    replace(auth_app, "SignUp", EagerSignUp)
