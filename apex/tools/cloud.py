"""Tools over the customer's own cloud account, reached by assuming the role that the customer granted."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field
from sqlalchemy import select

from apex.database import Database
from apex.settings import Cloud as CloudSettings
from apex.tables import tenants
from apex.tools.tool import Tool, ToolCall, ToolError

CLIENT = Config(connect_timeout=2, read_timeout=30, retries={"max_attempts": 2, "mode": "standard"})
_SESSION_SECONDS = 900
_DAYS = 14
# The service takes up to 500 queries in one request.
_QUERIES = 500


class CloudAccounts:
    """Sessions in the tenants' cloud accounts; each tenant's credentials are its own and kept while they last."""

    def __init__(self, database: Database, settings: CloudSettings) -> None:
        self._database, self._settings = database, settings
        self._platform = boto3.Session(
            settings.access_key_id.get_secret_value(),
            settings.secret_access_key.get_secret_value(),
            region_name=settings.region,
        )
        self._sessions: dict[str, tuple[dict[str, str], float, boto3.Session]] = {}
        self._lock = threading.Lock()

    def session(self, tenant_id: str) -> boto3.Session:
        """A session in the tenant's account.

        Raises:
            ToolError: the tenant has named no account, or does not let us in.
        """
        with self._database.tenant(tenant_id) as connection:
            account = connection.scalar(select(tenants.c.cloud_account).where(tenants.c.id == tenant_id))
        if account is None:
            raise ToolError("Your cloud account is not connected yet.")
        with self._lock:
            kept = self._sessions.get(tenant_id)
        if kept is not None and kept[0] == account and kept[1] > time.monotonic():
            return kept[2]
        session = self._assume(account)
        with self._lock:
            self._sessions[tenant_id] = (account, time.monotonic() + _SESSION_SECONDS - 60, session)
        return session

    def _assume(self, account: dict[str, str]) -> boto3.Session:
        sts = self._platform.client("sts", endpoint_url=self._settings.endpoint_url, config=CLIENT)
        try:
            granted = sts.assume_role(
                RoleArn=account["role_arn"], RoleSessionName="apex", DurationSeconds=_SESSION_SECONDS
            )["Credentials"]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not let us in.", recoverable=True) from None
        return boto3.Session(
            granted["AccessKeyId"],
            granted["SecretAccessKey"],
            granted["SessionToken"],
            region_name=account["region"],
        )


class NoParameters(BaseModel):
    """Nothing."""


class ListInstances(Tool):
    """The instances of the account, with type, state and name."""

    name = "list_instances"
    description = "Lists the instances of your cloud account."
    parameters = NoParameters

    async def execute(self, call: ToolCall, parameters: NoParameters) -> dict[str, Any]:
        return await call.in_thread(lambda: {"instances": self._list(call)})

    def _list(self, call: ToolCall) -> list[dict[str, str]]:
        client = counted_client(call, "ec2")
        try:
            pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
            return [
                {
                    "resource_id": instance["InstanceId"],
                    "name": next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"), ""),
                    "instance_type": instance["InstanceType"],
                    "state": instance["State"]["Name"],
                }
                for page in pages
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            ]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not answer.", recoverable=True) from None


class Resources(BaseModel):
    resource_ids: list[str] = Field(max_length=10_000)


class ReadUtilisation(Tool):
    """CPU use of instances over the last 14 days, one average a day."""

    name = "read_utilisation"
    description = "Reads how busy your instances were in the last 14 days."
    parameters = Resources

    async def execute(self, call: ToolCall, parameters: Resources) -> dict[str, Any]:
        return await call.in_thread(lambda: {"datapoints": self._read(call, parameters.resource_ids)})

    def _read(self, call: ToolCall, resource_ids: list[str]) -> dict[str, list[str]]:
        client = counted_client(call, "cloudwatch")
        end = datetime.now(UTC)
        points: dict[str, list[str]] = {}
        try:
            for first in range(0, len(resource_ids), _QUERIES):
                batch = resource_ids[first : first + _QUERIES]
                answer = client.get_metric_data(
                    MetricDataQueries=[_query(number, resource_id) for number, resource_id in enumerate(batch)],
                    StartTime=end - timedelta(days=_DAYS),
                    EndTime=end,
                )
                for result in answer["MetricDataResults"]:
                    points[batch[int(result["Id"][1:])]] = [str(value) for value in result["Values"]]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not tell its metrics.", recoverable=True) from None
        return points


class InstanceTypes(BaseModel):
    instance_types: list[str] = Field(max_length=1_000)


class ReadPrices(Tool):
    """Hourly prices from the pricing partner."""

    name = "read_prices"
    description = "Reads what instances cost an hour."
    parameters = InstanceTypes

    async def execute(self, call: ToolCall, parameters: InstanceTypes) -> dict[str, Any]:
        region = (await call.in_thread(call.cloud_session)).region_name
        response = await call.fetch(f"{call.pricing_url}/v1/prices", {"region": region})
        try:
            listed = response.json()
            return {"currency": str(listed["currency"]), "prices": {k: str(v) for k, v in listed["prices"].items()}}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ToolError("The price list could not be read.", recoverable=True) from None


def counted_client(call: ToolCall, service: Literal["ec2", "cloudwatch"]) -> Any:
    """A client in the caller's account whose answers are counted as bytes read."""
    client: Any = call.cloud_session().client(service, endpoint_url=call.cloud_endpoint, config=CLIENT)

    def count(http_response: Any, **_: Any) -> None:
        call.bytes_read += len(http_response.content)

    client.meta.events.register("after-call", count)
    return client


def _query(number: int, resource_id: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": resource_id}],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Average"}}
