"""Tools that change the customer's own cloud account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, StringConstraints

from apex.tools.accounts import CloudAccount
from apex.tools.errors import ToolError
from apex.tools.tool import Tool, ToolCall

ResourceId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
ResourceIds = Annotated[list[ResourceId], Field(min_length=1, max_length=1_000)]


class Labelling(BaseModel):
    """Which instances get which tag."""

    resource_ids: ResourceIds
    key: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    value: Annotated[str, StringConstraints(max_length=256)]


class TagInstances(Tool):
    """Puts a tag on instances; the result has their tags as the account tells them afterwards."""

    name = "tag_instances"
    description = "Puts a tag on instances of your cloud account."
    permission = "cloud:tag"
    parameters = Labelling

    async def execute(self, call: ToolCall, parameters: Labelling) -> dict[str, Any]:
        account = await call.cloud()
        return await call.in_thread(lambda: _changed(lambda: self._tag(account, parameters)))

    def _tag(self, account: CloudAccount, wanted: Labelling) -> dict[str, Any]:
        tag = {"Key": wanted.key, "Value": wanted.value}
        account.ec2.create_tags(Resources=wanted.resource_ids, Tags=[tag])
        return {
            "instances": [
                {
                    "resource_id": instance["InstanceId"],
                    "tags": {each["Key"]: each["Value"] for each in instance.get("Tags", [])},
                }
                for instance in _described(account, wanted.resource_ids)
            ]
        }


class Stopping(BaseModel):
    """Which instances are to be stopped."""

    resource_ids: ResourceIds


class StopInstances(Tool):
    """Stops instances; the result has their state as the account tells it afterwards."""

    name = "stop_instances"
    description = "Stops instances of your cloud account."
    permission = "cloud:stop"
    parameters = Stopping

    async def execute(self, call: ToolCall, parameters: Stopping) -> dict[str, Any]:
        account = await call.cloud()
        return await call.in_thread(lambda: _changed(lambda: self._stop(account, parameters.resource_ids)))

    def _stop(self, account: CloudAccount, resource_ids: list[str]) -> dict[str, Any]:
        account.ec2.stop_instances(InstanceIds=resource_ids)
        return {
            "instances": [
                {"resource_id": instance["InstanceId"], "state": instance["State"]["Name"]}
                for instance in _described(account, resource_ids)
            ]
        }


class Resizing(BaseModel):
    """Which instance is to be of which type."""

    resource_id: ResourceId
    instance_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]


class ResizeInstance(Tool):
    """Gives an instance another type; one that runs is stopped for it and started again."""

    name = "resize_instance"
    description = "Changes the type of an instance of your cloud account."
    permission = "cloud:resize"
    parameters = Resizing

    async def execute(self, call: ToolCall, parameters: Resizing) -> dict[str, Any]:
        account = await call.cloud()
        return await call.in_thread(lambda: _changed(lambda: self._resize(account, parameters)))

    def _resize(self, account: CloudAccount, wanted: Resizing) -> dict[str, Any]:
        ids = [wanted.resource_id]
        (before,) = _described(account, ids)
        runs = before["State"]["Name"] in ("pending", "running")
        if runs:
            account.ec2.stop_instances(InstanceIds=ids)
        try:
            account.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
            account.ec2.modify_instance_attribute(
                InstanceId=wanted.resource_id, InstanceType={"Value": wanted.instance_type}
            )
        finally:
            # Also where the cloud refuses the type: what ran goes on running.
            if runs:
                account.ec2.start_instances(InstanceIds=ids)
        (after,) = _described(account, ids)
        return {
            "resource_id": wanted.resource_id,
            "instance_type": after["InstanceType"],
            "state": after["State"]["Name"],
        }


def _described(account: CloudAccount, resource_ids: list[str]) -> list[dict[str, Any]]:
    pages = account.ec2.get_paginator("describe_instances").paginate(InstanceIds=resource_ids)
    return [instance for page in pages for reservation in page["Reservations"] for instance in reservation["Instances"]]


def _changed(change: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a change gives; what the cloud says against it, in the customer's words."""
    try:
        return change()
    except ClientError as refused:
        if "NotFound" in refused.response.get("Error", {}).get("Code", ""):
            raise ToolError("There is no such instance in your cloud account.") from None
        raise ToolError("Your cloud account refuses the change.") from None
    except BotoCoreError:
        raise ToolError("Your cloud account does not answer.", recoverable=True) from None
