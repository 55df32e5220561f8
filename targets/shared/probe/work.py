"""What the tools do, whatever a platform makes tools of: each is a function that gives a JSON object.

What they are called with is checked by the platform. Before a tool is called, ``CALLER`` says for whom.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import pbkdf2_hmac
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from probe import surroundings
from probe.accounts import CloudAccount, entered
from probe.failures import ToolError

# Rounds of hashing, some hundred milliseconds of a processor's time: far more than it takes to have something to read.
_WORK = 400_000
_DAYS = 14
_QUERIES = 500
_PAGE = 100
# Longer than an instance may need to start while a call waits.
_CALL_SECONDS = 60
# On a busy machine an event loop may be kept from a connection for seconds; where nobody listens it fails at once.
_CONNECT_SECONDS = 20


@dataclass(frozen=True)
class Caller:
    """On whose behalf a tool works.

    ``granted``: gives the cloud account that the customer has named, None without one; ``report``: takes the progress
    (message, done, total).
    """

    identity: str
    granted: Callable[[], Awaitable[dict[str, str] | None]]
    report: Callable[[str, int, int], None]


CALLER: ContextVar[Caller] = ContextVar("caller")


_LATER = frozenset({408, 425, 429})
"""The rejections that may pass."""


async def _account() -> CloudAccount:
    caller = CALLER.get()
    granted = await caller.granted()
    if granted is None:
        raise ToolError("Your cloud account is not connected yet.")
    return await asyncio.to_thread(entered, caller.identity, granted)


async def _ask(method: str, path: str, **options: Any) -> httpx.Response:
    try:
        async with httpx.AsyncClient(
            timeout=httpx.Timeout(_CALL_SECONDS, connect=_CONNECT_SECONDS), trust_env=False
        ) as client:
            answer = await client.request(method, f"{surroundings.partner_url()}{path}", **options)
        answer.raise_for_status()
    except httpx.HTTPStatusError as answered:
        if answered.response.is_client_error and answered.response.status_code not in _LATER:
            raise ToolError("The partner rejects the request.") from None
        raise ToolError("The partner cannot answer now.", recoverable=True) from None
    except httpx.HTTPError:
        raise ToolError("The partner does not answer.", recoverable=True) from None
    return answer


def _paged(ec2: Any, **wanted: Any) -> list[dict[str, Any]]:
    pages = ec2.get_paginator("describe_instances").paginate(**wanted)
    return [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]


async def _in_cloud(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return await asyncio.to_thread(work)
    except ClientError as refused:
        if "NotFound" in refused.response.get("Error", {}).get("Code", ""):
            raise ToolError("There is no such instance in your cloud account.") from None
        raise ToolError("Your cloud account refuses the change.") from None
    except BotoCoreError:
        raise ToolError("Your cloud account does not answer.", recoverable=True) from None


async def list_instances() -> dict[str, Any]:
    """Lists the instances of the customer's cloud account."""
    account = await _account()
    found = await _in_cloud(lambda: {"found": _paged(account.ec2, PaginationConfig={"PageSize": _PAGE})})
    return {
        "instances": [
            {
                "resource_id": instance["InstanceId"],
                "name": next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"), ""),
                "instance_type": instance["InstanceType"],
                "state": instance["State"]["Name"],
            }
            for instance in found["found"]
        ]
    }


async def read_utilisation(resource_ids: list[str]) -> dict[str, Any]:
    """Reads how busy instances were in the last 14 days, one average a day."""
    account, end, points = await _account(), datetime.now(UTC), {}
    for first in range(0, len(resource_ids), _QUERIES):
        batch = resource_ids[first : first + _QUERIES]
        queries = [
            {
                "Id": f"m{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/EC2",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": resource_id}],
                    },
                    "Period": 86_400,
                    "Stat": "Average",
                },
            }
            for number, resource_id in enumerate(batch)
        ]
        start = end - timedelta(days=_DAYS)
        answer = await _in_cloud(
            lambda: account.cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)  # noqa: B023
        )
        points |= {batch[int(each["Id"][1:])]: list(map(str, each["Values"])) for each in answer["MetricDataResults"]}
    return {"datapoints": points}


async def read_prices(instance_types: list[str]) -> dict[str, Any]:
    """Reads what instances cost an hour, from the pricing partner."""
    account = await _account()
    listed = (await _ask("GET", "/v1/prices", params={"region": account.region})).json()
    try:
        known = {kind: str(listed["prices"][kind]) for kind in instance_types if kind in listed["prices"]}
        return {"currency": str(listed["currency"]), "prices": known}
    except (KeyError, TypeError):
        raise ToolError("The price list could not be read.", recoverable=True) from None


async def tag_instances(resource_ids: list[str], key: str, value: str) -> dict[str, Any]:
    """Puts a tag on instances of the customer's cloud account."""
    account = await _account()

    def change() -> dict[str, Any]:
        account.ec2.create_tags(Resources=resource_ids, Tags=[{"Key": key, "Value": value}])
        found = _paged(account.ec2, InstanceIds=resource_ids)
        return {
            "instances": [
                {"resource_id": each["InstanceId"], "tags": {tag["Key"]: tag["Value"] for tag in each.get("Tags", [])}}
                for each in found
            ]
        }

    return await _in_cloud(change)


async def stop_instances(resource_ids: list[str]) -> dict[str, Any]:
    """Stops instances of the customer's cloud account."""
    account = await _account()

    def change() -> dict[str, Any]:
        account.ec2.stop_instances(InstanceIds=resource_ids)
        found = _paged(account.ec2, InstanceIds=resource_ids)
        return {"instances": [{"resource_id": each["InstanceId"], "state": each["State"]["Name"]} for each in found]}

    return await _in_cloud(change)


async def resize_instance(resource_id: str, instance_type: str) -> dict[str, Any]:
    """Changes the type of an instance; one that runs is stopped for it and started again."""
    account = await _account()

    def change() -> dict[str, Any]:
        ids = [resource_id]
        (before,) = _paged(account.ec2, InstanceIds=ids)
        runs = before["State"]["Name"] in ("pending", "running")
        if runs:
            account.ec2.stop_instances(InstanceIds=ids)
        try:
            account.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
            account.ec2.modify_instance_attribute(InstanceId=resource_id, InstanceType={"Value": instance_type})
        finally:
            if runs:
                account.ec2.start_instances(InstanceIds=ids)
        (after,) = _paged(account.ec2, InstanceIds=ids)
        return {"resource_id": resource_id, "instance_type": after["InstanceType"], "state": after["State"]["Name"]}

    return await _in_cloud(change)


async def probe_fetch(path: str) -> dict[str, Any]:
    """Reads a resource of a partner."""
    return {"path": path, "content": (await _ask("GET", path)).text}


async def probe_read_on(path: str) -> dict[str, Any]:
    """Reads a resource of a partner until it is stopped."""
    while True:
        document = await _ask("GET", path)
        await asyncio.to_thread(pbkdf2_hmac, "sha256", document.content, b"", _WORK)


async def probe_research(topics: list[str]) -> dict[str, Any]:
    """Reads topics at a partner, and reports its progress after each."""
    found = []
    for number, topic in enumerate(topics, start=1):
        found.append((await _ask("GET", topic)).json()["path"])
        CALLER.get().report(f"Read {topic}.", number, len(topics))
    return {"found": found}


async def probe_fail(message: str) -> dict[str, Any]:
    """Fails with a message for the customer."""
    raise ToolError(message, recoverable=True)


async def probe_break(message: str) -> dict[str, Any]:
    """Breaks."""
    raise RuntimeError(message)


async def probe_exit(message: str) -> dict[str, Any]:
    """Ends its process."""
    sys.exit(message)


async def probe_sign_in(
    path: str, user: str, password: str, proxy: str, headers: list[str], device: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Signs in at a partner."""
    sent = {"user": user, "password": password, "proxy": proxy, "headers": headers, "device": device or {}}
    answer: dict[str, Any] = (await _ask("POST", path, json=sent)).json()
    return answer


TOOLS: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    each.__name__: each
    for each in (
        *(list_instances, read_utilisation, read_prices, tag_instances, stop_instances, resize_instance),
        *(probe_fetch, probe_read_on, probe_research, probe_fail, probe_break, probe_exit, probe_sign_in),
    )
}
