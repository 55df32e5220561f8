"""The reference platform's driver: what a customer, a colleague and an operator can ask of it over HTTP."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from support.platform import values
from support.platform.dialect import Closing, Dialect, Meaning
from support.platform.driver import Anyone, Caller, Json, NewAccount
from support.platform.drivers.apex_configuration import CONFIGURED, mesh, running
from support.platform.http import HttpDriver, Recorder, given
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunError, RunRequest, RunStatus, RunStep, TrackedRun
from support.platform.values import Page, read
from support.platform.websocket import WebSocketTransport
from support.redaction import know_secret
from support.stack.client import Addresses

DIALECT = Dialect(
    name="apex",
    subprotocol="apex.v1",
    website="https://app.apex.test",
    controls=frozenset({"stream_opened", "resync_required"}),
    meanings={
        401: Meaning.UNAUTHENTICATED,
        403: Meaning.PERMISSION_DENIED,
        404: Meaning.NOT_FOUND,
        409: Meaning.CONFLICT,
        410: Meaning.GONE,
        413: Meaning.INVALID,
        422: Meaning.INVALID,
        429: Meaning.RATE_LIMITED,
        503: Meaning.UNAVAILABLE,
    },
    closings={4401: Closing.SESSION_OVER, 4403: Closing.REMOVED},
)


_POOL = re.compile(r"^apex_database_pool_(\w+) (\S+)$", re.MULTILINE)
_WAITS = re.compile(r'^apex_database_pool_wait_seconds_bucket\{le="(\S+)"\} (\S+)$', re.MULTILINE)


class ApexDriver(HttpDriver):
    """What can be asked of Apex; the verbs say what they are for in :class:`support.platform.driver.Driver`."""

    dialect = DIALECT
    api = "backend"

    @classmethod
    def at(cls, addresses: Addresses, record: Recorder | None = None) -> "ApexDriver":
        """A driver of the platform of a running stack."""
        services = {
            "auth": addresses.auth_url,
            "backend": addresses.backend_url,
            "analytics": addresses.analytics_url,
            "tools": addresses.tools_url,
        }
        return cls(services, record)

    # -- accounts ---------------------------------------------------------------------------------------------

    def provide(self, who: Caller, account: NewAccount) -> Outcome:
        if account.inviter is None:
            return self.sign_up(
                who,
                organisation=account.organisation,
                email=account.email,
                password=account.password,
                plan=account.plan,
                display_name=account.display_name,
            )
        invitation = self.invite(account.inviter, email=account.email, role=account.role)
        if not invitation.done:
            return invitation
        return self.accept_invitation(
            who, token=invitation.value.token, password=account.password, display_name=account.display_name
        )

    def sign_up(
        self, who: Caller, *, organisation: str, email: str, password: str, plan: str, display_name: str | None = None
    ) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/signup",
            service="auth",
            json=given(organisation=organisation, email=email, password=password, plan=plan, display_name=display_name),
            read=_account,
        )

    def log_in(
        self,
        who: Caller,
        *,
        email: str,
        password: str,
        expires_in: float | None = None,
        device_token: str | None = None,
    ) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/token",
            service="auth",
            json=given(
                grant_type="password",
                email=email,
                password=password,
                expires_in=expires_in,
                device_token=device_token,
            ),
            read=_session,
        )

    def refresh(self, who: Caller, refresh_token: str) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/token",
            service="auth",
            json=given(grant_type="refresh_token", refresh_token=refresh_token),
            read=_session,
        )

    def authorize(self, who: Caller, *, client_id: str, redirect_uri: str, code_challenge: str, state: str) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/oauth/authorizations",
            service="auth",
            json=given(client_id=client_id, redirect_uri=redirect_uri, code_challenge=code_challenge, state=state),
            read=lambda body: body["redirect_to"],
        )

    def exchange_code(
        self, who: Caller, *, client_id: str, client_secret: str, code: str, redirect_uri: str, code_verifier: str
    ) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/token",
            service="auth",
            json=given(
                grant_type="authorization_code",
                client_id=client_id,
                client_secret=client_secret,
                code=code,
                redirect_uri=redirect_uri,
                code_verifier=code_verifier,
            ),
            read=_session,
        )

    def log_out(self, who: Caller) -> Outcome:
        return self.request(who, "POST", "/v1/logout", service="auth")

    def me(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/me", service="auth", read=_account)

    def change_plan(self, who: Caller, plan: str) -> Outcome:
        return self.request(who, "PUT", "/v1/plan", service="auth", json={"plan": plan})

    def invite(self, who: Caller, *, email: str, role: str) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/invitations",
            service="auth",
            json={"email": email, "role": role},
            read=_invitation,
        )

    def accept_invitation(self, who: Caller, *, token: str, password: str, display_name: str | None = None) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/invitations/acceptance",
            service="auth",
            json=given(token=token, password=password, display_name=display_name),
            read=_account,
        )

    def members(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/members", service="auth", read=_page(_account))

    def remove_member(self, who: Caller, user_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/v1/members/{user_id}", service="auth")

    @staticmethod
    def with_key(who: Caller, key: str) -> Caller:
        keyed = Anyone(who.access_token)
        keyed.http.headers["Idempotency-Key"] = key
        return keyed

    # -- conversations ----------------------------------------------------------------------------------------

    def create_thread(self, who: Caller, title: str) -> Outcome:
        return self.request(who, "POST", "/v1/threads", json={"title": title}, read=_thread)

    def threads(self, who: Caller, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        return self.request(who, "GET", "/v1/threads", query=given(limit=limit, cursor=cursor), read=_page(_thread))

    def thread(self, who: Caller, thread_id: str, *, instance: str | None = None) -> Outcome:
        return self.request(who, "GET", f"/v1/threads/{thread_id}", service=instance, read=_thread)

    def rename_thread(self, who: Caller, thread_id: str, title: str, *, instance: str | None = None) -> Outcome:
        changed = {"title": title}
        return self.request(who, "PATCH", f"/v1/threads/{thread_id}", service=instance, json=changed, read=_thread)

    def delete_thread(self, who: Caller, thread_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/v1/threads/{thread_id}")

    def post_message(self, who: Caller, thread_id: str, content: str) -> Outcome:
        return self.request(who, "POST", f"/v1/threads/{thread_id}/messages", json={"content": content}, read=_message)

    def messages(self, who: Caller, thread_id: str, *, limit: int | None = None, cursor: str | None = None) -> Outcome:
        return self.request(
            who,
            "GET",
            f"/v1/threads/{thread_id}/messages",
            query=given(limit=limit, cursor=cursor),
            read=_page(_message),
        )

    def move_messages(self, who: Caller, thread_id: str, to: str, message_ids: Sequence[str]) -> Outcome:
        return self.request(
            who,
            "POST",
            f"/v1/threads/{thread_id}/moves",
            json={"to_thread_id": to, "message_ids": list(message_ids)},
        )

    # -- business data ----------------------------------------------------------------------------------------

    def set_cloud_account(self, who: Caller, *, account_id: str, role_arn: str, region: str) -> Outcome:
        return self.request(
            who, "PUT", "/v1/cloud-account", json={"account_id": account_id, "role_arn": role_arn, "region": region}
        )

    def store_usage(self, who: Caller, records: Sequence[Json]) -> Outcome:
        return self.request(who, "POST", "/v1/usage-records", json={"records": list(records)})

    def set_allowance(self, who: Caller, monthly_amount: str, *, instance: str | None = None) -> Outcome:
        return self.request(who, "PUT", "/v1/allowance", service=instance, json={"monthly_amount": monthly_amount})

    def allowance(self, who: Caller, *, instance: str | None = None) -> Outcome:
        return self.request(who, "GET", "/v1/allowance", service=instance, read=partial(read, values.Allowance))

    def book_expense(self, who: Caller, amount: str, purpose: str, *, instance: str | None = None) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/allowance/expenses",
            service=instance,
            json={"amount": amount, "purpose": purpose},
            read=partial(read, values.Expense),
        )

    def expenses(self, who: Caller, **query: Any) -> Outcome:
        return self.request(
            who, "GET", "/v1/allowance/expenses", query=query, read=_page(partial(read, values.Expense))
        )

    def allot(self, who: Caller, team: str, amount: str, *, instance: str | None = None) -> Outcome:
        return self.request(
            who, "POST", "/v1/budgets", service=instance, json={"team": team, "amount": amount}, read=_budget
        )

    def budgets(self, who: Caller, **query: Any) -> Outcome:
        return self.request(who, "GET", "/v1/budgets", query=query, read=_page(_budget))

    def change_budget(self, who: Caller, budget_id: str, amount: str) -> Outcome:
        return self.request(who, "PATCH", f"/v1/budgets/{budget_id}", json={"amount": amount}, read=_budget)

    def further_resources(self, who: Caller, thread_id: str, text: str) -> Mapping[str, str]:
        return {}

    # -- runs -------------------------------------------------------------------------------------------------

    def agents(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/agents", read=_page(partial(read, values.Agent)))

    def start_run(
        self,
        who: Caller,
        agent_name: str,
        *,
        thread_id: str | None = None,
        input: Json | None = None,
        time_limit_seconds: float | None = None,
        trace_id: str | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/runs",
            trace_id=trace_id,
            headers=given(**{"x-request-id": request_id}),
            json=given(
                agent_name=agent_name,
                thread_id=thread_id,
                input=dict(input or {}),
                time_limit_seconds=time_limit_seconds,
            ),
            read=_run,
        )

    def run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "GET", f"/v1/runs/{run_id}", read=_run)

    def runs(self, who: Caller, **query: Any) -> Outcome:
        return self.request(who, "GET", "/v1/runs", query=query, read=_page(_run))

    def cancel_run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "POST", f"/v1/runs/{run_id}/cancel", read=_run)

    def jobs(self, who: Caller, run_id: str, *, limit: int | None = None) -> Outcome:
        query = given(run_id=run_id, limit=limit)
        return self.request(
            who, "GET", "/v1/jobs", service="analytics", query=query, read=_page(partial(read, values.Job))
        )

    # -- tools ------------------------------------------------------------------------------------------------

    def tools(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/tools", read=_page(partial(read, values.Tool)))

    def add_tool(self, operator: Caller, **tool: Any) -> Outcome:
        return self.request(operator, "POST", "/v1/operations/tools", json=tool)

    def withdraw_tool(self, operator: Caller, name: str) -> Outcome:
        return self.request(operator, "DELETE", f"/v1/operations/tools/{name}")

    # -- operations -------------------------------------------------------------------------------------------

    def operator_runs(self, operator: Caller, **query: Any) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/runs", query=query, read=_page(_tracked))

    def operator_connections(self, operator: Caller) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/connections", read=partial(read, values.Connections))

    def operator_instances(self, operator: Caller) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/instances", read=_page(partial(read, values.Instance)))

    def undelivered(self, operator: Caller) -> Outcome:
        reading = _page(partial(read, values.Undelivered))
        return self.request(operator, "GET", "/v1/operations/undelivered", read=reading)

    def deliver_again(self, operator: Caller) -> Outcome:
        return self.request(operator, "POST", "/v1/operations/undelivered/attempts")

    def send_notice(self, operator: Caller, *, title: str, body: str) -> Outcome:
        return self.request(
            operator,
            "POST",
            "/v1/operations/notices",
            json={"title": title, "body": body},
            read=partial(read, values.Notice),
        )

    # -- how it is configured -----------------------------------------------------------------------------------

    configured = CONFIGURED

    def running_configuration(self, who: Caller, instance: str) -> Outcome:
        return self.request(who, "GET", "/health/startup", service=instance, read=running)

    def mesh(self, operator: Caller, instance: str) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/mesh", service=instance, read=mesh)

    def health(self, who: Caller, url: str, path: str, timeout: float) -> Outcome:
        return self.request(who, "GET", path, service=url, timeout=timeout)

    def replication(self, who: Caller, instance: str) -> Outcome:
        return self.request(who, "GET", "/health/ready", service=instance, read=lambda body: body["replication"])

    # -- what the platform publishes of itself ------------------------------------------------------------------

    def is_alive(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/health/live")

    def documents(self) -> Mapping[str, Outcome]:
        return {name: self.request(Anyone(), "GET", "/openapi.json", service=name) for name in self.services}

    def metrics(self, instance: str | None = None) -> Outcome:
        return self.request(Anyone(), "GET", "/metrics", service=instance)

    @staticmethod
    def pool_figures(metrics: str) -> values.PoolFigures:
        # Only a few lines of a long text are of interest: parsing all of it takes longer than what is measured.
        said = dict(_POOL.findall(metrics))

        def figure(name: str) -> int | None:
            return int(float(said[name])) if name in said else None

        return values.PoolFigures(
            size=figure("size"),
            in_use=figure("in_use"),
            waiting=figure("waiting"),
            overflow=figure("overflow"),
            waits={float(limit): int(float(count)) for limit, count in _WAITS.findall(metrics)},
            waited=float(said["wait_seconds_sum"]) if "wait_seconds_sum" in said else None,
        )

    def transport(self, address: str | None = None) -> WebSocketTransport:
        base = address or self.services["backend"].replace("http", "ws", 1)
        return WebSocketTransport(f"{base}/v1/events", self.dialect, ca_file=self.ca_file)


# -- what answers say -------------------------------------------------------------------------------------------

_thread = partial(read, values.Thread)
_message = partial(read, values.Message)
_budget = partial(read, values.Budget)


def _page(item: Callable[[Json], Any]) -> Callable[[Json], Page[Any]]:
    def page(body: Json) -> Page[Any]:
        return Page([item(each) for each in body.get("items") or ()], body.get("next_cursor"))

    return page


def _account(body: Json) -> values.Account:
    """Of a sign-up or of ``me``, which name the organisation, too; of an acceptance; of a list's entry."""
    user, tenant = body.get("user") or body, body.get("tenant") or {}
    return values.Account(
        user_id=user.get("id", ""),
        tenant_id=tenant.get("id", ""),
        email=user.get("email", ""),
        display_name=user.get("display_name"),
        role=user.get("role", ""),
        organisation=tenant.get("name"),
        plan=tenant.get("plan"),
    )


def _session(body: Json) -> values.Session:
    for name in ("access_token", "refresh_token", "device_token"):
        know_secret(body.get(name) or "")
    return read(values.Session, body)


def _invitation(body: Json) -> values.Invitation:
    know_secret(body.get("token") or "")
    return read(values.Invitation, body)


def _run(body: Json) -> Run:
    stated, error = body.get("status"), body.get("error")
    if stated not in set(RunStatus):
        raise AssertionError(f"the run {body.get('id')} has the status {stated!r}, which no run can have")
    return Run(
        request=read(RunRequest, body),
        status=RunStatus(stated),
        result=body.get("answer"),
        error=RunError(str(error.get("code")), str(error.get("message"))) if error else None,
        usage=body.get("usage") or {},
        progress=body.get("progress"),
        seconds=body.get("duration_seconds"),
        is_partial=body.get("partial"),
        raw=body,
    )


def _tracked(body: Json) -> TrackedRun:
    return TrackedRun(
        id=body.get("id", ""),
        status=body.get("status", ""),
        worker=body.get("worker"),
        seconds=body.get("duration_seconds"),
        queued_seconds=body.get("queued_seconds"),
        steps=[RunStep(step.get("name", ""), step.get("duration_seconds")) for step in body.get("steps") or ()],
    )
