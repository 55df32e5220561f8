"""The reference platform's driver: what a customer, a colleague and an operator can ask of it over HTTP."""

from collections.abc import Sequence
from typing import Any

from support.platform.driver import Caller, HttpDriver, Json
from support.platform.outcome import Outcome
from support.platform.runs import Run, RunError, RunStatus


class ApexDriver(HttpDriver):
    """What can be asked of Apex. Every answer is an :class:`Outcome`; nothing here raises for a refusal."""

    # -- accounts ---------------------------------------------------------------------------------------------

    def sign_up(
        self, who: Caller, *, organisation: str, email: str, password: str, plan: str, display_name: str | None = None
    ) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/signup",
            service="auth",
            json=_given(
                organisation=organisation, email=email, password=password, plan=plan, display_name=display_name
            ),
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
            json=_given(
                grant_type="password",
                email=email,
                password=password,
                expires_in=expires_in,
                device_token=device_token,
            ),
        )

    def refresh(self, who: Caller, refresh_token: str) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/token",
            service="auth",
            json=_given(grant_type="refresh_token", refresh_token=refresh_token),
        )

    def log_out(self, who: Caller) -> Outcome:
        return self.request(who, "POST", "/v1/logout", service="auth")

    def me(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/me", service="auth")

    def invite(self, who: Caller, *, email: str, role: str) -> Outcome:
        return self.request(who, "POST", "/v1/invitations", service="auth", json={"email": email, "role": role})

    def accept_invitation(self, who: Caller, *, token: str, password: str, display_name: str | None = None) -> Outcome:
        return self.request(
            who,
            "POST",
            "/v1/invitations/acceptance",
            service="auth",
            json=_given(token=token, password=password, display_name=display_name),
        )

    def members(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/members", service="auth")

    def remove_member(self, who: Caller, user_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/v1/members/{user_id}", service="auth")

    # -- conversations ----------------------------------------------------------------------------------------

    def create_thread(self, who: Caller, title: str) -> Outcome:
        return self.request(who, "POST", "/v1/threads", json={"title": title})

    def threads(self, who: Caller, **query: Any) -> Outcome:
        return self.request(who, "GET", "/v1/threads", query=query)

    def thread(self, who: Caller, thread_id: str) -> Outcome:
        return self.request(who, "GET", f"/v1/threads/{thread_id}")

    def rename_thread(self, who: Caller, thread_id: str, title: str) -> Outcome:
        return self.request(who, "PATCH", f"/v1/threads/{thread_id}", json={"title": title})

    def delete_thread(self, who: Caller, thread_id: str) -> Outcome:
        return self.request(who, "DELETE", f"/v1/threads/{thread_id}")

    def post_message(self, who: Caller, thread_id: str, content: str) -> Outcome:
        return self.request(who, "POST", f"/v1/threads/{thread_id}/messages", json={"content": content})

    def messages(self, who: Caller, thread_id: str, **query: Any) -> Outcome:
        return self.request(who, "GET", f"/v1/threads/{thread_id}/messages", query=query)

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

    def cloud_account(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/cloud-account")

    def store_usage(self, who: Caller, records: Sequence[Json]) -> Outcome:
        return self.request(who, "POST", "/v1/usage-records", json={"records": list(records)})

    def set_allowance(self, who: Caller, monthly_amount: str, *, service: str = "backend") -> Outcome:
        return self.request(who, "PUT", "/v1/allowance", service=service, json={"monthly_amount": monthly_amount})

    def allowance(self, who: Caller, *, service: str = "backend") -> Outcome:
        return self.request(who, "GET", "/v1/allowance", service=service)

    def book_expense(self, who: Caller, amount: str, purpose: str, *, service: str = "backend") -> Outcome:
        return self.request(
            who, "POST", "/v1/allowance/expenses", service=service, json={"amount": amount, "purpose": purpose}
        )

    def expenses(self, who: Caller, **query: Any) -> Outcome:
        return self.request(who, "GET", "/v1/allowance/expenses", query=query)

    def allot(self, who: Caller, team: str, amount: str, *, service: str = "backend") -> Outcome:
        return self.request(who, "POST", "/v1/budgets", service=service, json={"team": team, "amount": amount})

    def budgets(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/budgets")

    def change_budget(self, who: Caller, budget_id: str, amount: str) -> Outcome:
        return self.request(who, "PATCH", f"/v1/budgets/{budget_id}", json={"amount": amount})

    # -- runs -------------------------------------------------------------------------------------------------

    def agents(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/agents")

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
            headers=_given(**{"x-request-id": request_id}),
            json=_given(
                agent_name=agent_name,
                thread_id=thread_id,
                input=dict(input or {}),
                time_limit_seconds=time_limit_seconds,
            ),
        )

    def run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "GET", f"/v1/runs/{run_id}")

    def run_in(self, outcome: Outcome) -> Run:
        """The run that an answer holds, in the suite's own words.

        :raises NotShown: the platform refused it.
        :raises AssertionError: it is in a state in which no run can be.
        """
        return _run(outcome.require())

    def runs_in(self, outcome: Outcome) -> list[Run]:
        """The runs of a page, in its order; see :meth:`run_in`."""
        return [_run(body) for body in outcome.require()["items"]]

    def runs(self, who: Caller, **query: Any) -> Outcome:
        return self.request(who, "GET", "/v1/runs", query=query)

    def cancel_run(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "POST", f"/v1/runs/{run_id}/cancel")

    def jobs(self, who: Caller, run_id: str) -> Outcome:
        return self.request(who, "GET", "/v1/jobs", service="analytics", query={"run_id": run_id})

    # -- tools ------------------------------------------------------------------------------------------------

    def tools(self, who: Caller) -> Outcome:
        return self.request(who, "GET", "/v1/tools")

    def add_tool(self, operator: Caller, **tool: Any) -> Outcome:
        return self.request(operator, "POST", "/v1/operations/tools", json=tool)

    def withdraw_tool(self, operator: Caller, name: str) -> Outcome:
        return self.request(operator, "DELETE", f"/v1/operations/tools/{name}")

    # -- operations -------------------------------------------------------------------------------------------

    def operator_runs(self, operator: Caller, **query: Any) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/runs", query=query)

    def operator_connections(self, operator: Caller) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/connections")

    def operator_instances(self, operator: Caller) -> Outcome:
        return self.request(operator, "GET", "/v1/operations/instances")

    def send_notice(self, operator: Caller, *, title: str, body: str) -> Outcome:
        return self.request(operator, "POST", "/v1/operations/notices", json={"title": title, "body": body})


def _run(body: Json) -> Run:
    stated, error = body.get("status"), body.get("error")
    if stated not in set(RunStatus):
        raise AssertionError(f"the run {body.get('id')} has the status {stated!r}, which no run can have")
    return Run(
        id=str(body.get("id")),
        status=RunStatus(stated),
        result=body.get("answer"),
        error=RunError(str(error.get("code")), str(error.get("message"))) if error else None,
        usage=body.get("usage") or {},
        raw=body,
    )


def _given(**values: Any) -> dict[str, Any]:
    """The values that are given; an absent one is left out rather than sent as null."""
    return {name: value for name, value in values.items() if value is not None}
