"""Seeded defects of the validation of requests (API-05)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Self

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

invalid = Scenario("The error for an invalid request names the field", service="backend")
signing_up = Scenario("An invalid sign-up creates no customer", service="auth")


def _accepted(id: str, summary: str) -> Callable[[Callable[[], None]], None]:
    return invalid.defect(id, summary, step="every response is a validation error that names the field")


@_accepted("API-05a", "the title of a conversation is stored whatever its type")
def _() -> None:
    class AnyThread(BaseModel):
        title: Any

    replace(backend_threads, "NewThread", AnyThread)


@_accepted("API-05b", "a validation error does not say which field is invalid")
def _() -> None:
    replace(problems, "faults_of", lambda error: [])


@_accepted("API-05c", "the input of a run is stored whatever its characters")
def _() -> None:
    class AnyRun(NewRun):
        input: dict[str, Any] = Field(default_factory=dict)

    replace(backend_runs, "NewRun", AnyRun)


@_accepted("API-05h", "the input of a run may have any number of members")
def _() -> None:
    class LargeRun(NewRun):
        input: Annotated[dict[str, Any], AfterValidator(storable)] = Field(default_factory=dict)

    replace(backend_runs, "NewRun", LargeRun)


def _limits(**changed: int) -> None:
    def lenient(self: Bodies, app: Any, limits: Requests) -> None:
        original(self, app, limits.model_copy(update=changed))

    original = replace(Bodies, "__init__", lenient)


@_accepted("API-05d", "a body may have any size")
def _() -> None:
    _limits(max_body_bytes=2**40)


@_accepted("API-05e", "a body may be nested to any depth")
def _() -> None:
    _limits(max_nesting=2**40)


def _database_of(module: Any, factory: str) -> list[Database]:
    """The database with which a part of the platform is created."""

    def create(*parts: Any) -> Any:
        databases.extend(part for part in parts if isinstance(part, Database))
        return original(*parts)

    databases: list[Database] = []
    original = replace(module, factory, create)
    return databases


@invalid.defect(
    "API-05f", "a conversation is created before the rest of the request is validated", step="Acme's data is unchanged"
)
def _() -> None:
    databases = _database_of(backend_runs, "routes")

    class EagerRun(NewRun):
        @model_validator(mode="wrap")
        @classmethod
        def _begin(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
            caller = {name: get_contextvars()[name] for name in ("tenant_id", "user_id")}
            with databases[0].tenant(caller["tenant_id"]) as connection:
                connection.execute(threads.insert().values(id=str(uuid.uuid4()), title="New conversation", **caller))
            return handler(value)

    replace(backend_runs, "NewRun", EagerRun)


@signing_up.defect(
    "API-05g",
    "an organisation is created before the rest of its sign-up is validated",
    step="no invalid sign-up has created a customer",
    service="auth",
)
def _() -> None:
    databases = _database_of(auth_app, "application")

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

    replace(auth_app, "SignUp", EagerSignUp)
