"""The HTTP application of the auth service."""

from __future__ import annotations

from fastapi import FastAPI, Response

from apex.auth.accounts import Accounts
from apex.auth.models import (
    Acceptance,
    Accepted,
    Account,
    Grant,
    Invitation,
    Invite,
    Members,
    PasswordGrant,
    SignUp,
    Token,
)
from apex.auth.passwords import Passwords
from apex.auth.sessions import Sessions
from apex.http.identity import Caller, acting_as
from apex.runtime.paths import Named
from apex.runtime.service import Process, create_app
from apex.storage.database import Database


def create(process: Process) -> FastAPI:
    """The application, its schema in place and the first operator present."""
    settings = process.settings
    database = Database(settings.database, process.instance)
    database.migrate()
    passwords = Passwords(settings.auth.password_hash)
    accounts = Accounts(database, passwords, settings)
    accounts.ensure_operator()
    return application(process, accounts, Sessions(database, passwords, settings), database)


def application(process: Process, accounts: Accounts, sessions: Sessions, database: Database) -> FastAPI:
    """The routes over what they need; building them touches no store."""
    app = create_app(process, "Apex auth", {"database": database.check})

    @app.post("/v1/signup", status_code=201, tags=["accounts"])
    def sign_up(request: SignUp) -> Account:
        """Create a tenant and its owner."""
        return accounts.sign_up(request)

    @app.post("/v1/token", tags=["sessions"])
    def token(request: Grant) -> Token:
        """Log in with a password, or go on with a refresh token (which is replaced)."""
        if isinstance(request, PasswordGrant):
            return sessions.log_in(request)
        return sessions.refresh(request.refresh_token.get_secret_value())

    @app.post("/v1/logout", status_code=204, tags=["sessions"])
    def log_out(identity: Caller) -> Response:
        """End the session of the access token: its tokens and sockets are of no use any more."""
        with acting_as(database, identity) as connection:
            sessions.end(connection, [identity.session_id], "logged_out")
        return Response(status_code=204)

    @app.get("/v1/me", tags=["accounts"])
    def me(identity: Caller) -> Account:
        """The caller and its tenant."""
        with acting_as(database, identity) as connection:
            return accounts.account_of(connection, identity.user_id)

    @app.post("/v1/invitations", status_code=201, tags=["members"])
    def invite(request: Invite, identity: Caller) -> Invitation:
        """Invite a colleague (owners and admins)."""
        return accounts.invite(identity, request)

    @app.post("/v1/invitations/acceptance", status_code=201, tags=["members"])
    def accept(request: Acceptance) -> Accepted:
        """Join the tenant that sent the invitation."""
        return Accepted(user=accounts.accept(request))

    @app.get("/v1/members", tags=["members"])
    def members(identity: Caller) -> Members:
        """Everybody in the caller's tenant."""
        return Members(items=accounts.members(identity))

    @app.delete("/v1/members/{user_id}", status_code=204, tags=["members"])
    def remove(user_id: Named, identity: Caller) -> Response:
        """Remove somebody from the tenant (owners and admins); their sessions end."""
        accounts.remove(identity, user_id, sessions)
        return Response(status_code=204)

    return app
