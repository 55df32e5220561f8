"""Blind defects of AEC-03."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from defects import blind_defect
from defects._patching import around, replace


@blind_defect(
    "AEC-03sa",
    "what an agent has had done by another is kept for a minute, for whoever's run comes into the slot next",
    service="worker",
    scenario="Runs that follow each other each use their own customer's data",
    step="every user runs a savings review at the same time",
)
def _() -> None:
    # Observable: two customers with different inventories run the advisor within a minute in one slot; the second one's
    # answer has the first one's findings and costs, and its story has no call of a tool.
    import json
    import time
    from copy import deepcopy

    from apex.worker.execution import Execution

    @around(Execution, "delegate")
    async def _(original: Any, self: Any, agent_name: str, input: dict[str, Any]) -> Any:
        # An agent that asks twice for the same gets it at once.
        done: dict[tuple[str, str], tuple[float, Any]] = self._toolbox.__dict__.setdefault("done", {})
        key = agent_name, json.dumps(input, sort_keys=True, default=str)
        until, answer = done.get(key, (0.0, None))
        if until < time.monotonic():
            answer = await original(self, agent_name, input)
            done[key] = time.monotonic() + 60, answer
        return deepcopy(answer)


@blind_defect(
    "AEC-03ua",
    "what a tool reports is told to the customer whose call began last",
    service="tools",
    scenario="Fifty customers run a job each at the same time",
    step="every connection has received all events of its own user's runs in order, and nothing else",
)
def _() -> None:
    # Observable: runs of two tenants at once whose tools report progress (such as over 500 instances): the first one's
    # later tool_progress events reach the second tenant's user, and are missing in the own story.
    from apex.tools.dispatcher import Dispatcher

    latest: dict[str, str] = {}

    @around(Dispatcher, "_teller")
    def _(original: Any, self: Any, call_id: str, tool: Any, request: Any, caller: dict[str, str]) -> Any:
        latest.update(caller)
        return original(self, call_id, tool, request, latest)


@blind_defect(
    "AEC-03ub",
    "a worker's running runs all show the steps of the one that began last",
    service="worker",
    scenario="Other customers' runs do not change a run's progress",
    step="the progress that Acme has read has grown with each answer",
)
def _() -> None:
    # Observable: two customers' runs at once in one worker; GET of the one that began first (over a heartbeat later)
    # shows agent, tools and times of the other's steps, or none once the other has ended.
    from apex.worker.supervisor import Supervisor

    in_hand: dict[str, Any] = {"tracker": None}

    def tracker(self: Supervisor) -> Any:
        return in_hand["tracker"]

    def set_tracker(self: Supervisor, value: Any) -> None:
        in_hand["tracker"] = value

    Supervisor.tracker = property(tracker, set_tracker)  # type: ignore[assignment]


@blind_defect(
    "AEC-03va",
    "what a cut-off call still brings is taken for the answer to the slot's next one",
    service="worker",
    scenario="Removing a colleague cancels the colleague's runs",
    step="the run's request to the partner is aborted in time",
)
def _() -> None:
    # Observable: cancel a run amid list_instances; whoever's run has its slot next gets that tenant's instances.
    import asyncio

    from apex.worker.toolbox import Toolbox

    @around(Toolbox, "call")
    async def call(original: Any, self: Any, call_id: str, name: str, *rest: Any) -> Any:
        unread = self.__dict__.setdefault("unread", {})
        asked = asyncio.ensure_future(original(self, call_id, name, *rest))
        first = unread.pop(name, asked)
        try:
            return await asyncio.shield(first)
        finally:
            if not asked.done():
                unread[name] = asked


@blind_defect(
    "AEC-03wa", "in a thread without an answer an agent compares with the organisation's newest one", service="worker"
)
def _() -> None:
    # Observable: after a colleague's analysis the first one of mine names the colleague's run and savings as previous.
    from sqlalchemy import select

    from apex.agents.agent import Message
    from apex.storage.tables import messages
    from apex.worker import supervisor

    @around(supervisor, "read_history")
    def _(original: Any, database: Any, run: Any) -> Any:
        history = original(database, run)
        if any(message.data for message in history):
            return history
        earlier = select(messages).where(messages.c.data.is_not(None), messages.c.created_at < run.created_at)
        with database.tenant(run.tenant_id) as connection:
            row = connection.execute(earlier.order_by(messages.c.created_at.desc()).limit(1)).first()
        return [Message(row.role, row.content, row.data, row.run_id), *history] if row else history


@blind_defect("AEC-03xa", "ends of runs that are delivered together go to the user of the first", service="worker")
def _() -> None:
    # Observable: runs of two tenants end while Redis is away, or in a crowd: one user gets the other's end as well.
    from apex.worker.relay import EventRelay

    @around(EventRelay, "deliver")
    def _(original: Any, relay: Any, rows: Any) -> Any:
        ends = [row.payload for row in rows if "user_id" in row.payload]
        for end in ends:
            end["user_id"] = ends[0]["user_id"]
        return original(relay, rows)


@blind_defect(
    "AEC-03ya", "the steps that are kept of a run at work are those of the run that began last", service="worker"
)
def _() -> None:
    # Observable: whoever reads a long run while another customer's begins is shown that one's steps (agent, tools).
    from apex.worker.slot import _InHand
    from apex.worker.tracker import Tracker

    at_work: dict[str, Any] = {}

    @around(Tracker, "__init__")
    def _(original: Any, self: Any, run: Any, stream: Any) -> None:
        original(self, run, stream)
        at_work["tracker"] = self

    replace(_InHand, "progress", lambda self: list(at_work["tracker"].steps) if at_work else [])


@blind_defect(
    "AEC-03yb",
    "how a tool failed is told in the words in which it failed the first customer",
    service="worker",
    scenario="Each customer reads why their own tool has failed",
    step="each customer reads the reason of their own failure",
)
def _() -> None:
    # Observable: a tool that names the customer's own resource in its error; the second customer reads the first one's.
    from apex.worker import supervisor

    told: dict[Any, Any] = {}

    @around(supervisor, "_told")
    def _(original: Any, error: BaseException) -> Any:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        kind = (type(error), getattr(error, "tool_name", None), getattr(error, "code", None))
        return told.setdefault(kind, original(error))


@blind_defect(
    "AEC-03za",
    "credentials rest on the shared object between assuming a role and using them",
    service="tools",
    scenario="Ten customers at the same time each get their own result",
    step="each customer's answer equals the savings in their own inventory",
)
def _() -> None:
    # Seen: of tenants whose accounts are entered at the same moment one reads the other's instances.
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError

    from apex.tools import accounts
    from apex.tools.errors import ToolError

    def enter(self: Any, tenant_id: str, granted: dict[str, str]) -> accounts.CloudAccount:
        try:
            self._keys = self._sts.assume_role(
                RoleArn=granted["role_arn"],
                RoleSessionName="apex",
                DurationSeconds=accounts._SESSION_SECONDS,
                ExternalId=tenant_id,
            )["Credentials"]
        except (BotoCoreError, ClientError):
            raise ToolError("Your cloud account does not let us in.", recoverable=True) from None

        def client(service: str) -> Any:
            core = botocore.session.Session()
            core.register_component("data_loader", self._descriptions)
            keys = self._keys
            session = boto3.Session(
                keys["AccessKeyId"],
                keys["SecretAccessKey"],
                keys["SessionToken"],
                region_name=granted["region"],
                botocore_session=core,
            )
            return self._client(session, service)

        return accounts.CloudAccount(granted["region"], client("ec2"), client("cloudwatch"))

    replace(accounts.CloudAccounts, "_enter", enter)


@blind_defect(
    "AEC-03zb",
    "a slot remembers tools' answers for five seconds, whoever asked",
    service="worker",
    scenario="Runs that follow each other each use their own customer's data",
    step="every user runs a savings review at the same time",
)
def _() -> None:
    # Seen: of two tenants of one plan whose runs follow each other in a slot, the second is told the first's instances.
    from apex.worker.toolbox import ToolAnswer, Toolbox

    @around(Toolbox, "call")
    async def _(
        original: Callable[..., Any],
        self: Any,
        call_id: str,
        name: str,
        parameters: dict[str, Any],
        story: dict[str, Any],
        caller: dict[str, str],
    ) -> ToolAnswer:
        remembered = self.__dict__.setdefault("_remembered", {})
        # What somebody may see depends on plan and role.
        key = caller["plan"], caller["role"], name, json.dumps(parameters, sort_keys=True)
        until, answer = remembered.get(key, (0.0, None))
        if answer is None or until < time.monotonic():
            answer = await original(self, call_id, name, parameters, story, caller)
            remembered[key] = time.monotonic() + 5.0, answer
        return answer  # type: ignore[no-any-return]


@blind_defect(
    "AEC-03zc",
    "log lines on the end of a run carry tenant, user and run of the one that began last",
    service="worker",
    scenario="Ten customers at the same time each get their own result",
    step="the identities oracle finds nothing",
)
def _() -> None:
    # Seen: with two tenants' runs side by side the worker's line "run ended" of one names the other's ids.
    from apex.worker import supervisor

    @around(supervisor.Supervisor, "carry_out")
    async def _(original: Callable[..., Any], self: Any, run: Any) -> None:
        bound: Any = supervisor.log
        supervisor.log = bound.bind(tenant_id=run.tenant_id, user_id=run.user_id, run_id=run.id)
        await original(self, run)
