"""Blind defects of tool_dispatcher, written from the promises alone."""

from __future__ import annotations

from typing import Any

from defects import blind_defect
from defects._patching import replace


@blind_defect(
    "TLD-01sa",
    "of instances that were launched together the first one alone is listed",
    service="tools",
    scenario="Every server of a large account is reached",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: launch three instances in one request (one reservation) in the customer's account; list_instances, and
    # so the cost analysis, knows one of them: instances_examined and the savings are too small.
    from botocore.exceptions import BotoCoreError, ClientError

    from apex.tools.cloud import ListInstances
    from apex.tools.errors import ToolError

    def described(instance: dict[str, Any]) -> dict[str, str]:
        tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
        return {
            "resource_id": instance["InstanceId"],
            "name": tags.get("Name", ""),
            "instance_type": instance["InstanceType"],
            "state": instance["State"]["Name"],
        }

    def list_instances(self: Any, account: Any) -> list[dict[str, str]]:
        try:
            pages = account.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 100})
            return [described(each["Instances"][0]) for page in pages for each in page["Reservations"]]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not answer.", recoverable=True) from None

    replace(ListInstances, "_list", list_instances)


@blind_defect(
    "TLD-02sa",
    "partners are asked over a single connection, one request after the other",
    service="tools",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: two tools of one run that each keep a partner busy for a second take two seconds together, and so do
    # those of two customers; duration_seconds of the one that waits is two seconds. Tools in the cloud go side by side.
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    import httpx

    from apex.tools import dispatcher

    def partners_client(seconds: float, key: httpx.Auth | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=2),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            auth=key,
        )

    replace(dispatcher, "partners_client", partners_client)


@blind_defect(
    "TLD-04sa",
    "the list of tools says what the plan allows, whatever the role",
    service="backend",
    scenario="An agent only uses tools of its caller's plan and role",
    step="the published tool list allows <caller> only the tools to <use> servers",
)
def _() -> None:
    # Observable: GET /v1/tools as a viewer, or as a member on the plan enterprise, says "allowed": true of
    # stop_instances and resize_instance; the call is refused (permission_denied) for the role all the same.
    from apex.http.identity import OPERATOR
    from apex.tools.permissions import Grant

    def covers(self: Any, plan: str, role: str) -> bool:
        return role == OPERATOR or plan in self.plans

    replace(Grant, "covers", covers)


@blind_defect(
    "TLD-08sa",
    "a parameter is taken for a secret by a name in small letters only",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the events of the tool call contain no secret",
)
def _() -> None:
    # Observable: an agent calls a tool with {"Password": "...", "apiKey": "..."}; the events tool_executing (and
    # tool_completed, where the result has such members) show both values. Under "password" and "api_key" they are ***.
    import re

    from apex.tools import sanitising

    replace(sanitising, "_SECRET_NAME", re.compile(sanitising._SECRET))
