"""Blind defects of TLD-01."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "TLD-01pa",
    "an instance that stood still runs after it was given another type",
    service="tools",
    scenario="A stopped server stays stopped when it is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: have resize_instance give another type to an instance that is stopped: it has that type, and is
    # started: the account shows it pending or running, and so does the result. It was asked for a type, not for a
    # start, and costs its owner money from then on. An instance that ran is treated rightly.
    from apex.tools import changes

    @around(changes.ResizeInstance, "_resize")
    def _resize(original: Callable[..., dict[str, Any]], self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        result = original(self, account, wanted)
        account.ec2.start_instances(InstanceIds=[wanted.resource_id])
        (after,) = changes._described(account, [wanted.resource_id])
        return {**result, "state": after["State"]["Name"]}


@blind_defect(
    "TLD-01ra",
    "prices are read for the platform's own region, not for the customer's",
    service="tools",
    scenario="Each customer reads the prices of their own region",
    step="each result is the larger server's price in the customer's own region",
)
def _() -> None:
    # Observable: connect a cloud account in eu-central-1, where the partner has other prices than in us-east-1: the
    # partner is asked for region=us-east-1, and savings are computed with those prices. Instances and their use are
    # those of the customer's region.
    from dataclasses import replace as changed

    from apex.tools.accounts import CloudAccount, CloudAccounts

    @around(CloudAccounts, "_enter")
    def _enter(
        original: Callable[..., CloudAccount], self: Any, tenant_id: str, granted: dict[str, str]
    ) -> CloudAccount:
        return changed(original(self, tenant_id, granted), region=self._settings.region)


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
    "TLD-01ta",
    "of an added tool's parameters those that are 0, false or empty are not sent",
    service="tools",
    scenario="A running call finishes although its tool is withdrawn",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: an added tool called with {"quantity": 0, "dry_run": false, "note": ""}; the partner gets a body
    # without these members (for dry_run the contrary of what was asked), and the call succeeds.
    from apex.tools.registered import RegisteredTool

    @around(RegisteredTool, "execute")
    async def _(original: Any, self: Any, call: Any, parameters: dict[str, Any]) -> Any:
        return await original(self, call, {name: value for name, value in parameters.items() if value})


@blind_defect(
    "TLD-01ub",
    "an instance that was stopped runs after it was resized",
    service="tools",
    scenario="A stopped server stays stopped when it is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: resize_instance of a stopped instance: it has the new type, and runs (and costs) afterwards.
    from apex.tools import changes

    def resize(self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        ids = [wanted.resource_id]
        (before,) = changes._described(account, ids)
        if before["State"]["Name"] in ("pending", "running"):
            account.ec2.stop_instances(InstanceIds=ids)
        try:
            account.ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
            account.ec2.modify_instance_attribute(
                InstanceId=wanted.resource_id, InstanceType={"Value": wanted.instance_type}
            )
        finally:
            account.ec2.start_instances(InstanceIds=ids)
        (after,) = changes._described(account, ids)
        return {
            "resource_id": wanted.resource_id,
            "instance_type": after["InstanceType"],
            "state": after["State"]["Name"],
        }

    replace(changes.ResizeInstance, "_resize", resize)


@blind_defect(
    "TLD-01va",
    "an instance that was stopped runs after it was resized",
    service="tools",
    scenario="A stopped server stays stopped when it is resized",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: resize_instance of a stopped instance: the account has it running (and charges it) afterwards.
    from apex.tools import changes

    @around(changes.ResizeInstance, "_resize")
    def resize(original: Any, self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        told: dict[str, Any] = original(self, account, wanted)
        account.ec2.start_instances(InstanceIds=[wanted.resource_id])
        (after,) = changes._described(account, [wanted.resource_id])
        return {**told, "state": after["State"]["Name"]}


@blind_defect(
    "TLD-01wa",
    "a tag that has no value is not put",
    service="tools",
    scenario="A label may be without a value",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: tag_instances with value "" succeeds; neither the account nor the result has the tag (or it keeps its
    # former value).
    from apex.tools import changes

    @around(changes.TagInstances, "_tag")
    def _(original: Any, self: Any, account: Any, wanted: Any) -> Any:
        if wanted.value:
            return original(self, account, wanted)
        found = changes._described(account, wanted.resource_ids)
        tags = [{each["Key"]: each["Value"] for each in instance.get("Tags", [])} for instance in found]
        ids = [instance["InstanceId"] for instance in found]
        return {"instances": [{"resource_id": id, "tags": its} for id, its in zip(ids, tags, strict=True)]}


@blind_defect(
    "TLD-01xa",
    "a resized instance is told under the type that it had before",
    service="tools",
    scenario="The requested server is resized",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: the result of resize_instance has the old instance_type, while the account has the new one.
    from apex.tools import changes

    known: dict[Any, tuple[float, list[dict[str, Any]]]] = {}

    @around(changes, "_described")
    def _(original: Any, account: Any, resource_ids: list[str]) -> list[dict[str, Any]]:
        key = id(account.ec2), *resource_ids
        if key not in known or time.monotonic() > known[key][0] + 10:
            known[key] = time.monotonic(), original(account, resource_ids)
        return known[key][1]


@blind_defect(
    "TLD-01ya",
    "prices are read for the platform's own region, not for the customer's",
    service="tools",
    scenario="Each customer reads the prices of their own region",
    step="each result is the larger server's price in the customer's own region",
)
def _() -> None:
    # Observable: a customer whose account is in eu-central-1 is told the prices of us-east-1.
    from apex.tools.accounts import CloudAccounts

    @around(CloudAccounts, "_enter")
    def _enter(original: Any, self: Any, *of: Any) -> Any:
        return dataclasses.replace(original(self, *of), region=self._settings.region)


@blind_defect(
    "TLD-01yb",
    "what is hidden in the event of a call is hidden from its tool as well",
    service="worker",
    scenario="Secrets are used, but neither shown nor stored",
    step="the partner has received every secret",
)
def _() -> None:
    # Observable: a tool that is given a parameter named "password" works with "***".
    from apex.tools.sanitising import MASK
    from apex.worker import execution

    @around(execution, "shown")
    def _shown(original: Any, value: Any) -> Any:
        told = original(value)
        for name in value if isinstance(value, dict) else ():
            if told.get(name) == MASK:
                value[name] = MASK
        return told


@blind_defect(
    "TLD-01zb",
    "of the instances of an account only the first hundred are listed",
    service="tools",
    scenario="Every server of a large account is reached",
    step="each result reports the servers as the customer's own cloud account shows them",
)
def _() -> None:
    # Observable: an account with more than 100 instances; the listing, and the savings made of it, lack the others.
    from apex.tools.cloud import ListInstances

    @around(ListInstances, "_list")
    def _(original: Any, self: Any, account: Any) -> Any:
        return original(self, account)[:100]


@blind_defect(
    "TLD-01zc",
    "tags are put on whole batches of twenty instances, the rest of a longer list gets none",
    service="tools",
    scenario="Every server of a large account is reached",
    step="every cloud account shows exactly the changes that its owner requested",
)
def _() -> None:
    # Observable: tag 25 instances; the account has the tag on 20 of them, and the call has "succeeded".
    from apex.tools import changes

    def tag(self: Any, account: Any, wanted: Any) -> dict[str, Any]:
        ids = wanted.resource_ids
        for first in range(0, max(len(ids) - 20, 1), 20):
            account.ec2.create_tags(
                Resources=ids[first : first + 20], Tags=[{"Key": wanted.key, "Value": wanted.value}]
            )
        return {
            "instances": [
                {
                    "resource_id": instance["InstanceId"],
                    "tags": {each["Key"]: each["Value"] for each in instance.get("Tags", [])},
                }
                for instance in changes._described(account, ids)
            ]
        }

    replace(changes.TagInstances, "_tag", tag)


@blind_defect(
    "TLD-01na",
    "where an added tool's schema has a default, that is sent whatever was asked",
    service="tools",
    scenario="An added tool can be used immediately",
    step="Acme's agent receives the partner's response",
)
def _() -> None:
    # Observable: add a tool whose schema has {"properties": {"size": {"type": "integer", "default": 1}}} and have it
    # called with {"size": 5}: the partner is sent {"size": 1}.
    from apex.tools.registered import RegisteredTool

    @around(RegisteredTool, "parse")
    def _(original: Any, self: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = original(self, parameters)
        known = self.schema().get("properties", {})
        defaults = {
            name: each["default"] for name, each in known.items() if isinstance(each, dict) and "default" in each
        }
        return {**given, **defaults}
