"""Seeded defects of the separation of environments (CFG-04)."""

from __future__ import annotations

from typing import Any

from defects import Scenario
from defects._patching import around, replace

REFUSED = "the start is refused with every fault, its place, its key and the reason"

token = Scenario("A token of another environment is refused", service="backend")
store = Scenario("A service refuses a store of another environment", service="backend")
deployed = Scenario("The deployed environment refuses a store of another one", service="tools")


@token.defect(
    "CFG-04a",
    "a token of an unknown key is believed",
    step="each environment refuses the other's operator",
)
def _() -> None:
    import jwt

    from apex.http import identity
    from apex.http.problems import Problem

    @around(identity, "verify")
    def _(original: Any, configuration: Any, token: str) -> Any:
        try:
            return original(configuration, token)
        except Problem:
            claims = jwt.decode(token, options={"verify_signature": False})
            return identity.Identity(*(claims[name] for name in ("sub", "tid", "sid", "role", "plan", "exp")))

    around(identity, "require_session")(lambda original, *of: None)


@token.defect(
    "CFG-04b",
    "the sign-in of an environment refuses its own operator",
    step="each environment accepts its own operator",
    service="auth",
)
def _() -> None:
    from apex.http import identity

    around(identity, "access_token")(
        lambda original, settings, *of: original(
            settings.model_copy(update={"auth": settings.auth.model_copy(update={"issuer": "apex"})}), *of
        )
    )
    from apex.auth import sessions

    replace(sessions, "access_token", identity.access_token)


@store.defect("CFG-04c", "a service does not ask whose the database is", step=REFUSED)
def _() -> None:
    from apex.storage.database import Database

    replace(Database, "require", lambda self, environment: None)


@store.defect("CFG-04d", "a service does not ask whose the analytics store is", step=REFUSED, service="analytics")
def _() -> None:
    from apex.analytics import store

    @around(store.Jobs, "prepare")
    def _(original: Any, self: Any, environment: str) -> None:
        self._client().command(store._TABLE)


@store.defect("CFG-04e", "that a cache belongs to another environment is logged", step=REFUSED, service="auth")
def _() -> None:
    from apex.config.layers import SettingsError
    from apex.runtime import mesh

    @around(mesh, "require_fit")
    def _(original: Any, *of: Any) -> None:
        try:
            original(*of)
        except SettingsError as error:
            mesh.log.warning("another environment", reason=str(error))


@deployed.defect("CFG-04f", "a service takes over a database that belongs to nobody or to a development", step=REFUSED)
def _() -> None:
    from apex.storage import database

    @around(database, "_environment")
    def _(original: Any, connection: Any) -> Any:
        found = original(connection)
        return "test" if found == "development" else found
