"""Seeded defects of the work that tools do (TLD-01)."""

from __future__ import annotations

import dataclasses
from typing import Any

from apex.tools.accounts import CloudAccount
from apex.tools.changes import Labelling, ResizeInstance, Resizing, StopInstances, TagInstances
from apex.tools.cloud import InstanceTypes, ListInstances, ReadPrices
from apex.worker.toolbox import ToolAnswer, Toolbox
from defects import Scenario
from defects._patching import replace

label_stands_servers = Scenario("A label stands on the servers that it was asked for")


@label_stands_servers.defect(
    "TLD-01a",
    "the value of a tag is dropped on the way to the cloud",
    step="Acme's cloud account shows it done to these servers and to no others",
    service="tools",
)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> dict[str, Any]:
        result: dict[str, Any] = original(self, account, wanted.model_copy(update={"value": ""}))
        return result

    original = replace(TagInstances, "_tag", tag)


servers_were_stopped = Scenario("Servers that were to be stopped do not run any more", service="tools")


@servers_were_stopped.defect(
    "TLD-01b",
    "servers are reported as stopped, but nobody stops them",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> dict[str, Any]:
        return {"instances": [{"resource_id": id, "state": "stopped"} for id in resource_ids]}

    replace(StopInstances, "_stop", stop)


server_smaller_or = Scenario("A server that was to be smaller or larger is so", service="tools")


@server_smaller_or.defect(
    "TLD-01c",
    "a server is restarted, but keeps its type",
    step="Acme's cloud account shows it done to these servers and to no others",
)
def _() -> None:
    def resize(self: ResizeInstance, account: CloudAccount, wanted: Resizing) -> dict[str, Any]:
        described = account.ec2.describe_instances(InstanceIds=[wanted.resource_id])
        kept = described["Reservations"][0]["Instances"][0]["InstanceType"]
        result: dict[str, Any] = original(self, account, wanted.model_copy(update={"instance_type": kept}))
        return result

    original = replace(ResizeInstance, "_resize", resize)


@label_stands_servers.defect(
    "TLD-01d",
    "what a tool gives is lost on the way to the agent",
    step="the result tells it as the cloud account shows it",
    service="worker",
)
def _() -> None:
    async def call(self: Toolbox, *arguments: Any) -> ToolAnswer:
        answer: ToolAnswer = await original(self, *arguments)
        return dataclasses.replace(answer, result={})

    original = replace(Toolbox, "call", call)


@label_stands_servers.defect(
    "TLD-01e",
    "a tag goes to all servers of the account",
    step="Acme's cloud account shows it done to these servers and to no others",
    service="tools",
)
def _() -> None:
    def tag(self: TagInstances, account: CloudAccount, wanted: Labelling) -> dict[str, Any]:
        everything = [each["resource_id"] for each in ListInstances()._list(account)]
        original(self, account, wanted.model_copy(update={"resource_ids": everything}))
        result: dict[str, Any] = original(self, account, wanted)
        return result

    original = replace(TagInstances, "_tag", tag)


@servers_were_stopped.defect(
    "TLD-01f",
    "the result tells what the cloud was asked to do, not what it has done",
    step="the result tells it as the cloud account shows it",
)
def _() -> None:
    def stop(self: StopInstances, account: CloudAccount, resource_ids: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = original(self, account, resource_ids)
        return {"instances": [{**each, "state": "stopping"} for each in result["instances"]]}

    original = replace(StopInstances, "_stop", stop)


price_list_has = Scenario("A price list has what it was asked for", service="tools")


@price_list_has.defect(
    "TLD-01g",
    "the types to price are dropped on the way to the tool",
    step="the result has that price as the partner lists it, and no other",
)
def _() -> None:
    async def execute(self: ReadPrices, call: Any, parameters: InstanceTypes) -> dict[str, Any]:
        dropped = parameters.model_copy(update={"instance_types": []})
        result: dict[str, Any] = await original(self, call, dropped)
        return result

    original = replace(ReadPrices, "execute", execute)
