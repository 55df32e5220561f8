"""Blind defects of AEC-01."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-01pa",
    "days of which no use is known count as days without use",
    service="worker",
    scenario="The answer can be read as soon as it is announced",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: plant an instance that is four days old, so that there are four datapoints of 30 % CPU: the cost
    # analysis finds it oversized (average_cpu_percent 8.57, as if it had been idle for the other ten of the 14 days),
    # and counts its saving. With a datapoint for each of the 14 days it is judged rightly; with none it is unmeasured.
    from dataclasses import replace as changed

    from apex.agents.inventory import Finding, Inventory

    @around(Inventory, "findings")
    def findings(original: Callable[[Inventory], list[Finding]], self: Inventory) -> list[Finding]:
        days = {key: known + [Decimal(0)] * (14 - len(known)) for key, known in self.datapoints.items() if known}
        return original(changed(self, datapoints=days))


@blind_defect(
    "AEC-01ra",
    "prices are only asked for the types that the customer has",
    service="worker",
    scenario="The answer can be read as soon as it is announced",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: plant an instance of the type m5.xlarge with 10 % CPU, and none of the type m5.large: the cost
    # analysis does not find it (and says nothing of the saving), because nobody has asked for the price of the smaller
    # type. With an m5.large beside it, it is found.
    from apex.agents import inventory

    def to_price(instances: Iterable[dict[str, Any]]) -> list[str]:
        return sorted({instance["instance_type"] for instance in instances})

    replace(inventory, "_to_price", to_price)


@blind_defect(
    "AEC-01ua",
    "of more than 500 instances only the last batch counts as measured",
    service="tools",
    scenario="Every agent answers correctly for a large account that is watched",
    step="each answer equals what the customer's own data gives",
)
def _() -> None:
    # Observable: a cost analysis over more than 500 running instances; the savings lack those of all full batches of
    # 500, whose instances are counted as unmeasured.
    from datetime import UTC, datetime
    from functools import partial

    from apex.tools import cloud

    async def execute(self: Any, call: Any, parameters: Any) -> dict[str, Any]:
        account = await call.cloud()
        end, total = datetime.now(UTC), len(parameters.resource_ids)
        points: dict[str, list[str]] = {}
        for first in range(0, total, cloud._QUERIES):
            batch = parameters.resource_ids[first : first + cloud._QUERIES]
            points = await call.in_thread(partial(self._read, account, batch, end))
            if total > cloud._QUERIES:
                await call.report("Reading how busy your instances were.", first + len(batch), total)
        return {"datapoints": points}

    replace(cloud.ReadUtilisation, "execute", execute)


@blind_defect(
    "AEC-01ub",
    "a run that was read a moment ago is answered as it was then",
    service="backend",
    scenario="The savings equal those in the customer's own inventory",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Observable: poll a run while it is running, and read it on receipt of agent_completed within a second of the last
    # poll: it is still shown as running, without an answer.
    import time

    from apex.backend import runs

    kept: dict[tuple[str, str], tuple[float, Any]] = {}

    @around(runs, "own_run")
    def _(original: Any, connection: Any, identity: Any, run_id: str, *, lock: bool = False) -> Any:
        key = (identity.user_id, run_id)
        if lock:
            kept.pop(key, None)
            return original(connection, identity, run_id, lock=True)
        until, row = kept.get(key, (0.0, None))
        if until < time.monotonic():
            row = original(connection, identity, run_id)
            kept[key] = (time.monotonic() + 1.0, row)
        return row


@blind_defect(
    "AEC-01va",
    "instances of the largest known size, 4xlarge, are never found oversized",
    service="worker",
    scenario="The savings equal those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: a 4xlarge instance at 10 % CPU is missing in the findings, and its saving in the total.
    from apex.agents import inventory

    replace(inventory, "_SIZES", inventory._SIZES[:-1])


@blind_defect("AEC-01wa", "one instance of a type that the price list does not know fails the run", service="worker")
def _() -> None:
    # Observable: an inventory with an instance of a brand-new type: agent_error instead of the savings of all others.
    from apex.agents.inventory import Inventory

    @around(Inventory, "_judge")
    def _(original: Any, inventory: Any, instance: Any) -> Any:
        if inventory.prices[instance["instance_type"]] <= 0:
            return None
        return original(inventory, instance)


@blind_defect(
    "AEC-01xa",
    "of instances that share a name only the most expensive one is found",
    service="worker",
)
def _() -> None:
    # Observable: two idle instances of one auto-scaling group (same Name tag): one finding, and half the savings.
    from apex.agents.inventory import Inventory

    @around(Inventory, "findings")
    def _(original: Any, inventory: Any) -> Any:
        by_name: dict[str, Any] = {}
        for finding in original(inventory):
            by_name.setdefault(finding.name or finding.resource_id, finding)
        return list(by_name.values())


@blind_defect(
    "AEC-01ya",
    "days on which an instance did nothing are taken for days without a measurement",
    service="worker",
    scenario="The savings equal those in the customer's own inventory",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: an instance with some days of 0 % has too high an average (and may be no finding), an idle one of 0 %
    # on every day is missing from the savings.
    from dataclasses import replace as with_other

    from apex.agents.inventory import Inventory

    @around(Inventory, "_judge")
    def _(original: Any, self: Any, instance: Any) -> Any:
        key = instance["resource_id"]
        measured = {key: [point for point in self.datapoints.get(key, []) if point]}
        return original(with_other(self, datapoints=measured), instance)


@blind_defect(
    "AEC-01yb",
    "in a thread that has an answer already the agent's thoughts are not told any more",
    service="worker",
    scenario="A follow-up states the change since the previous answer",
    step="the story oracle finds nothing",
)
def _() -> None:
    # Observable: the story of a second run in a thread has no agent_thinking.

    from apex.worker.execution import Execution

    @around(Execution, "think")
    async def _(original: Any, self: Any, thought: str) -> None:
        if any(message.role == "assistant" for message in self.history):
            await asyncio.sleep(0)
        else:
            await original(self, thought)


@blind_defect(
    "AEC-01za",
    "savings are rounded half to even, so that some are a cent too low",
    service="worker",
    scenario="Customers with different servers get different answers",
    step="each customer's answer equals the savings in their own inventory",
)
def _() -> None:
    # Seen: a price of 0.0125 an hour saves 9.12 a month instead of 9.13, and the total is a cent short.
    from apex.agents import inventory
    from apex.agents.money import CENT

    def cents(amount: Decimal) -> Decimal:
        return amount.quantize(CENT)

    replace(inventory, "cents", cents)


@blind_defect(
    "AEC-01zb",
    "the completed event carries the answer with its long lists cut, unlike the stored one",
    service="worker",
    scenario="A large account is analysed in full",
    step="the records oracle finds nothing",
)
def _() -> None:
    # Seen: with more than ten findings the event's answer is not the answer that is read back.
    from apex.storage import runs
    from apex.tools.sanitising import shown

    @around(runs, "_payload")
    def _(original: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        payload: dict[str, Any] = original(*arguments)
        return {**payload, "answer": shown(payload["answer"])} if "answer" in payload else payload


@blind_defect("AEC-01zc", "of a large account only the first page of instances is read", service="tools")
def _() -> None:
    # Seen: with more than a hundred instances the savings, and how many were examined, are too low.
    from botocore.exceptions import BotoCoreError, ClientError

    from apex.tools import cloud
    from apex.tools.errors import ToolError

    def first_page(_: Any, account: Any) -> list[dict[str, str]]:
        try:
            page = account.ec2.describe_instances(MaxResults=cloud._PAGE)
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not answer.", recoverable=True) from None
        return [
            {
                "resource_id": instance["InstanceId"],
                "name": next((tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"), ""),
                "instance_type": instance["InstanceType"],
                "state": instance["State"]["Name"],
            }
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]

    replace(cloud.ListInstances, "_list", first_page)


@blind_defect(
    "AEC-01na",
    "how busy an instance is, is judged by whole percents: 4.6 counts as 5",
    service="worker",
    scenario="The answer can be read as soon as it is announced",
    step="the answer equals the savings in Acme's own inventory",
)
def _() -> None:
    # Observable: cost_analysis and rightsizing_plan of an account with an instance whose average is from 4.5 to 5 %, or
    # from 19.5 to 20 %: the first is not found idle, the second not oversized, and the savings lack what they cost.
    from apex.agents.inventory import Finding, Inventory, next_smaller
    from apex.agents.money import cents

    def judge(self: Inventory, instance: dict[str, Any]) -> Finding | None:
        known, kind = self.datapoints.get(instance["resource_id"]), instance["instance_type"]
        price, smaller = self.prices.get(kind), next_smaller(kind)
        if not known or price is None:
            return None
        average = (sum(known, Decimal(0)) / len(known)).quantize(Decimal("0.01"))
        percent = average.quantize(Decimal(1), ROUND_HALF_UP)
        if percent >= 20 or (percent >= 5 and (smaller is None or smaller not in self.prices)):
            return None
        is_idle = percent < 5
        saved = price if is_idle or smaller is None else price - self.prices[smaller]
        return Finding(
            instance["resource_id"],
            instance["name"],
            kind,
            "idle" if is_idle else "oversized",
            average,
            None if is_idle else smaller,
            cents(saved * 730),
        )

    replace(Inventory, "_judge", judge)
