"""Seeded defects of what tools do and report (TLD-01)."""

import dataclasses
from typing import Any

from apex.tools.accounts import CloudAccount
from apex.tools.changes import Labelling, ResizeInstance, Resizing, StopInstances, TagInstances
from apex.tools.cloud import InstanceTypes, ListInstances, ReadPrices
from apex.worker.toolbox import Toolbox
from defects import Scenario
from defects._patching import replace

_CHANGES = "every cloud account shows exactly the changes that its owner requested"
_RESULTS = "each result reports the servers as the customer's own cloud account shows them"

labelled = Scenario("The requested servers are labelled", service="tools")
stopped = Scenario("The requested servers are stopped", service="tools")
resized = Scenario("The requested server is resized", service="tools")
priced = Scenario("The requested price is read", service="tools")


@labelled.defect("TLD-01a", "the value of a tag is dropped on the way to the cloud", step=_CHANGES)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> Any:
        return original(self, account, wanted.model_copy(update={"value": ""}))

    original = replace(TagInstances, "_tag", tag)


@stopped.defect("TLD-01b", "servers are reported as stopped, but keep running", step=_CHANGES)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> Any:
        return {"instances": [{"resource_id": id, "state": "stopped"} for id in resource_ids]}

    replace(StopInstances, "_stop", stop)


@resized.defect("TLD-01c", "a server is restarted, but keeps its type", step=_CHANGES)
def _() -> None:
    def resize(self: ResizeInstance, account: CloudAccount, wanted: Resizing) -> Any:
        described = account.ec2.describe_instances(InstanceIds=[wanted.resource_id])
        kept = described["Reservations"][0]["Instances"][0]["InstanceType"]
        return original(self, account, wanted.model_copy(update={"instance_type": kept}))

    original = replace(ResizeInstance, "_resize", resize)


@labelled.defect("TLD-01d", "a tool's result is lost on the way to the agent", step=_RESULTS, service="worker")
def _() -> None:
    async def call(self: Toolbox, *arguments: Any) -> Any:
        return dataclasses.replace(await original(self, *arguments), result={})

    original = replace(Toolbox, "call", call)


@labelled.defect("TLD-01e", "a tag goes to all servers of the account", step=_CHANGES)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> Any:
        everything = [each["resource_id"] for each in ListInstances()._list(account)]
        original(self, account, wanted.model_copy(update={"resource_ids": everything}))
        return original(self, account, wanted)

    original = replace(TagInstances, "_tag", tag)


@stopped.defect("TLD-01f", "the result reports what the cloud was asked to do, not what it did", step=_RESULTS)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> Any:
        result = original(self, account, resource_ids)
        return {"instances": [{**each, "state": "stopping"} for each in result["instances"]]}

    original = replace(StopInstances, "_stop", stop)


@priced.defect(
    "TLD-01g",
    "the types to price are dropped on the way to the tool",
    step="the result is the larger server's price in the partner's list",
)
def _() -> None:
    async def execute(self: ReadPrices, call: Any, parameters: InstanceTypes) -> Any:
        return await original(self, call, parameters.model_copy(update={"instance_types": []}))

    original = replace(ReadPrices, "execute", execute)
