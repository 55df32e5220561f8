"""The HTTP application of the auth service."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from apex.auth.accounts import Accounts
from apex.auth.attempts import Attempts
from apex.auth.models import (
    Acceptance,
    Accepted,
    Account,
    Authorization,
    AuthorizationCodeGrant,
    Authorized,
    Grant,
    Invitation,
    Invite,
    Members,
    PasswordGrant,
    PlanChange,
    SignUp,
    Tenant,
    Token,
)
from apex.auth.oauth import Applications
from apex.auth.passwords import Passwords
from apex.auth.sessions import Sessions
from apex.http.identity import Caller, acting_as
from apex.http.problems import switched_off
from apex.http.routing import in_thread
from apex.runtime.paths import Named
from apex.runtime.service import Process, create_app
from apex.storage.database import Database
from apex.storage.stream import synchronous


def create(process: Process) -> FastAPI:
    """The application, its schema in place and the first operator present."""
    settings = process.settings
    database = Database.of(process)
    database.migrate(settings.environment)
    passwords = Passwords(settings.auth.password_hash)
    accounts = Accounts(database, passwords, settings)
    accounts.ensure_operator()
    return application(process, accounts, Sessions(database, passwords, settings), database)


def application(process: Process, accounts: Accounts, sessions: Sessions, database: Database) -> FastAPI:
    """The routes over what they need; building them touches no store."""
    app = create_app(process, "Apex auth", database, {})

    attempts = Attempts(process.settings, app.state.buckets)
    applications = Applications(process.settings, database, sessions, synchronous(process.redis_url))

    @app.post("/v1/signup", status_code=201, tags=["accounts"])
    async def sign_up(sign_up: SignUp, request: Request) -> Account:
        """Create a tenant and its owner."""
        if not process.settings.features.sign_up:
            raise switched_off("Sign-up is closed at the moment.")
        async with attempts.sign_up(request, sign_up.email):
            return await in_thread(accounts.sign_up, sign_up)

    @app.post("/v1/token", tags=["sessions"])
    async def token(grant: Grant, request: Request) -> Token:
        """Log in with a password, go on with a refresh token (which is replaced), or exchange an application's code."""
        if isinstance(grant, PasswordGrant):
            return await log_in(grant, request)
        if isinstance(grant, AuthorizationCodeGrant):
            async with attempts.show(request, "code", grant.code.get_secret_value()):
                return await in_thread(applications.exchange, grant)
        refresh_token = grant.refresh_token.get_secret_value()
        async with attempts.show(request, "refresh", refresh_token):
            tenant = await in_thread(sessions.tenant_of, refresh_token)
            if tenant is not None:
                await app.state.fair_use.admit(*tenant)
            return await in_thread(sessions.refresh, refresh_token)

    async def log_in(grant: PasswordGrant, request: Request) -> Token:
        device = grant.device_token.get_secret_value() if grant.device_token else None
        async with attempts.log_in(request, grant.email, device):
            login = await in_thread(sessions.verify, grant.email, grant.password.get_secret_value())
            await app.state.fair_use.admit(str(login.tenant_id), login.plan)
            given = await in_thread(sessions.open, login, grant.expires_in)
        return given.model_copy(update={"device_token": attempts.device_token(grant.email)})

    @app.post("/v1/oauth/authorizations", status_code=201, tags=["sessions"])
    def authorize(authorization: Authorization, identity: Caller) -> Authorized:
        """Let an application act for the caller: it exchanges the code for a session of its own."""
        with acting_as(database, identity):
            pass
        return applications.authorize(identity, authorization)

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

    @app.put("/v1/plan", tags=["accounts"])
    def change_plan(request: PlanChange, identity: Caller) -> Tenant:
        """Change to another plan (owners). Its tools can be used at once, its rate limit from the next token on: a
        session that is renewed has it.
        """
        return accounts.change_plan(identity, request.plan)

    @app.post("/v1/invitations", status_code=201, tags=["members"])
    def invite(request: Invite, identity: Caller) -> Invitation:
        """Invite a colleague (owners and admins)."""
        return accounts.invite(identity, request)

    @app.post("/v1/invitations/acceptance", status_code=201, tags=["members"])
    async def accept(acceptance: Acceptance, request: Request) -> Accepted:
        """Join the tenant that sent the invitation."""
        async with attempts.show(request, "acceptance", acceptance.token.get_secret_value()):
            return Accepted(user=await in_thread(accounts.accept, acceptance))

    @app.get("/v1/members", tags=["members"])
    def members(identity: Caller) -> Members:
        """Everybody in the caller's tenant."""
        return Members(items=accounts.members(identity))

    @app.delete("/v1/members/{user_id}", status_code=204, tags=["members"])
    def remove(user_id: Named, identity: Caller) -> Response:
        """Remove somebody from the tenant (owners and admins); their sessions and runs end."""
        accounts.remove(identity, user_id, sessions)
        return Response(status_code=204)

    return app
