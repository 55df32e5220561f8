"""Tools over the customer's own cloud account and the price list of the pricing partner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field

from apex.tools.accounts import CloudAccount
from apex.tools.errors import ToolError
from apex.tools.tool import Tool, ToolCall

_DAYS = 14
# The service takes up to 500 queries in one request.
_QUERIES = 500
# Pages that are parsed one by one keep time and memory in proportion to what a customer owns.
_PAGE = 100


class NoParameters(BaseModel):
    """Nothing."""


class ListInstances(Tool):
    """The instances of the account, with type, state and name."""

    name = "list_instances"
    description = "Lists the instances of your cloud account."
    permission = "cloud:read"
    parameters = NoParameters

    async def execute(self, call: ToolCall, parameters: NoParameters) -> dict[str, Any]:
        account = await call.cloud()
        return await call.in_thread(lambda: {"instances": self._list(account)})

    def _list(self, account: CloudAccount) -> list[dict[str, str]]:
        try:
            pages = account.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": _PAGE})
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
    """The instances to read about."""

    resource_ids: list[str] = Field(max_length=10_000)


class ReadUtilisation(Tool):
    """CPU use of instances over the last 14 days, one average a day."""

    name = "read_utilisation"
    description = "Reads how busy your instances were in the last 14 days."
    permission = "cloud:read"
    parameters = Resources

    async def execute(self, call: ToolCall, parameters: Resources) -> dict[str, Any]:
        account = await call.cloud()
        end, total = datetime.now(UTC), len(parameters.resource_ids)
        points: dict[str, list[str]] = {}
        for first in range(0, total, _QUERIES):
            batch = parameters.resource_ids[first : first + _QUERIES]
            points |= await call.in_thread(partial(self._read, account, batch, end))
            if total > _QUERIES:
                await call.report("Reading how busy your instances were.", first + len(batch), total)
        return {"datapoints": points}

    def _read(self, account: CloudAccount, resource_ids: list[str], end: datetime) -> dict[str, list[str]]:
        try:
            answer = account.cloudwatch.get_metric_data(
                MetricDataQueries=[_query(number, resource_id) for number, resource_id in enumerate(resource_ids)],
                StartTime=end - timedelta(days=_DAYS),
                EndTime=end,
            )
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not tell its metrics.", recoverable=True) from None
        return {
            resource_ids[int(result["Id"][1:])]: [str(value) for value in result["Values"]]
            for result in answer["MetricDataResults"]
        }


class InstanceTypes(BaseModel):
    """The instance types to price."""

    instance_types: list[str] = Field(max_length=1_000)


class ReadPrices(Tool):
    """Hourly prices in the customer's region, from the pricing partner: of those types that it knows."""

    name = "read_prices"
    description = "Reads what instances cost an hour."
    permission = "partners:read"
    parameters = InstanceTypes

    async def execute(self, call: ToolCall, parameters: InstanceTypes) -> dict[str, Any]:
        account = await call.cloud()
        response = await call.fetch(f"{call.pricing_url}/v1/prices", {"region": account.region})
        try:
            listed = response.json()
            known, wanted = dict(listed["prices"]), dict.fromkeys(parameters.instance_types)
            prices = {kind: str(known[kind]) for kind in wanted if kind in known}
            return {"currency": str(listed["currency"]), "prices": prices}
        except (ValueError, KeyError, TypeError):
            raise ToolError("The price list could not be read.", recoverable=True) from None


def _query(number: int, resource_id: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": resource_id}],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Average"}}
