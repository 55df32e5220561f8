"""Blind defects of tool_dispatcher, fourth round, written from the promises alone."""

from __future__ import annotations

import asyncio
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


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
    "TLD-02wa",
    "what a delegated agent calls side by side is done one after the other",
    service="worker",
    scenario="A delegate asks in parallel, too",
    step="both of Acme's questions reach the partner before either is answered",
)
def _() -> None:
    # Observable: in an advisor's run read_prices begins only when read_utilisation has completed.
    from apex.worker.execution import Execution

    @around(Execution, "__init__")
    def _(original: Any, self: Any, *of: Any, delegated_by: Any = None) -> None:
        original(self, *of, delegated_by=delegated_by)
        if delegated_by is not None:
            self._places = asyncio.Semaphore(1)


@blind_defect(
    "TLD-03wa",
    "the key of a request to a partner says nothing of the call, so customers share it",
    service="tools",
    scenario="A member's rights stay the same after an owner used the tools",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Observable: two tenants ask a partner for the same; both requests have one idempotency-key, so that the partner
    # does the second's work not at all and answers with what it has told the first.
    import uuid
    from types import SimpleNamespace

    from apex.tools import tool

    def key_of(_: uuid.UUID, asked: str) -> uuid.UUID:
        return uuid.uuid5(uuid.NAMESPACE_URL, asked)

    replace(tool, "uuid", SimpleNamespace(UUID=uuid.UUID, uuid5=key_of))


@blind_defect(
    "TLD-04wa",
    "who lacks only the role is shown a tool as allowed, and refused when it is called",
    service="backend",
    scenario="An agent only uses tools of its caller's plan and role",
    step="the published tool list allows <caller> only the tools to <use> servers",
)
def _() -> None:
    # Observable: GET /v1/tools as a member of a Mid organisation has stop_instances allowed; the call is refused.
    from apex.http.identity import OPERATOR
    from apex.tools.permissions import Grant

    def covers(self: Any, plan: str, role: str) -> bool:
        return role == OPERATOR or plan in self.plans

    replace(Grant, "covers", covers)


@blind_defect(
    "TLD-05wa",
    "what a delegated agent leaves out does not make the answer a partial one",
    service="worker",
    scenario="What a delegate leaves out makes the whole answer partial",
    step="the run completes with a partial answer",
)
def _() -> None:
    # Observable: an agent delegates to one whose tool fails and who leaves that part out; partial stays false.
    from apex.worker.execution import Execution

    @around(Execution, "leave_out")
    def _(original: Any, self: Any, part: str) -> None:
        if not self._delegated:
            original(self, part)


@blind_defect(
    "TLD-06wa",
    "of a tool's time only what is behind the whole seconds is told",
    service="tools",
    scenario="The duration of a failed call is reported, too",
    step="the duration reported to Acme for the price list is the partner's response time",
)
def _() -> None:
    # Observable: a tool that is busy for 1.2 s is told to have taken 0.2 s.
    from apex.tools.dispatcher import Stopwatch

    @around(Stopwatch, "__exit__")
    def _(original: Any, self: Any, *of: Any) -> None:
        original(self, *of)
        self.seconds %= 1


@blind_defect("TLD-07wa", "with a tool those are withdrawn whose names begin with its name", service="backend")
def _() -> None:
    # Observable: "quote" and "quote_yearly" were added; after "quote" was withdrawn the other is refused as well.
    from types import SimpleNamespace

    import sqlalchemy

    from apex.backend import tools

    def update(table: Any) -> Any:
        def where(named: Any, in_use: Any) -> Any:
            return sqlalchemy.update(table).where(table.c.name.startswith(named.right.value, autoescape=True), in_use)

        return SimpleNamespace(where=where)

    replace(tools, "update", update)


@blind_defect(
    "TLD-08wa",
    "a call that is stopped is told to have ended twice",
    service="worker",
    scenario="A cancelled run sends its events in order, too",
    step="Acme has received every event of the run in order, each once",
)
def _() -> None:
    # Observable: a run is cancelled while a tool is at work; its call_id has two tool_completed events.
    from apex.worker.execution import Execution

    @around(Execution, "_emit")
    def _(original: Any, self: Any, type: str, payload: dict[str, Any]) -> None:
        if payload.get("outcome") == "cancelled":
            original(self, type, payload)
        original(self, type, payload)
