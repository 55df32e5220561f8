"""What the backend takes and gives."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, PlainSerializer, model_validator

from apex.http.values import STORABLE, Amount, Date, Id, JsonObject, Money, Pattern, Request, ShortText
from apex.storage.stream import rfc3339

Status = Literal["queued", "running", "completed", "failed", "timed_out", "cancelled"]
Moment = Annotated[datetime, PlainSerializer(rfc3339, when_used="json")]


class Answer(BaseModel):
    """Timestamps are written in UTC with microseconds (``Moment``)."""


class NewThread(Request):
    """A conversation to begin."""

    title: ShortText


class Thread(Answer):
    """A conversation."""

    id: str
    title: str
    created_at: Moment


class Threads(Answer):
    """A page of conversations; ``next_cursor`` asks for the next one."""

    items: list[Thread]
    next_cursor: str | None


class NewMessage(Request):
    """What a customer says."""

    content: Annotated[str, Field(min_length=1, max_length=300_000, examples=["What can we save?"]), STORABLE]


class Message(Answer):
    """What a customer said or an agent answered; ``data`` is the answer of the run ``run_id``."""

    id: str
    thread_id: str
    role: Literal["user", "assistant"]
    content: str
    data: dict[str, Any] | None
    run_id: str | None
    created_at: Moment


class Messages(Answer):
    """A page of messages, newest last."""

    items: list[Message]
    next_cursor: str | None


class Move(Request):
    """The messages to move to another thread; all of them unless named."""

    to_thread_id: Id
    message_ids: Annotated[list[Id], Field(min_length=1, max_length=200)] | None = None


class Moved(Answer):
    """How many messages were moved."""

    moved: int


class NewAllowance(Request):
    """What the organisation may spend in a month, in US dollars."""

    monthly_amount: Money


class Allowance(Answer):
    """The organisation's allowance in ``month`` (its first day); ``allotted`` is what its teams' budgets add up to."""

    month: date
    monthly_amount: Decimal
    spent: Decimal
    spent_by_you: Decimal
    remaining: Decimal
    allotted: Decimal


class NewExpense(Request):
    """Something to be paid out of the allowance."""

    amount: Money
    purpose: ShortText


class Expense(Answer):
    """Something that was paid out of the allowance, and who booked it."""

    id: str
    user_id: str
    amount: Decimal
    purpose: str
    created_at: Moment


class Expenses(Answer):
    """A page of expenses, newest first."""

    items: list[Expense]
    next_cursor: str | None


class NewBudget(Request):
    """The part of the monthly allowance that a team may plan with."""

    team: ShortText
    amount: Money


class BudgetChange(Request):
    """A budget's new amount."""

    amount: Money


class Budget(Answer):
    """A team's part of the monthly allowance."""

    id: str
    team: str
    amount: Decimal
    created_at: Moment


class Budgets(Answer):
    """A page of budgets, newest first."""

    items: list[Budget]
    next_cursor: str | None


class CloudAccount(Request):
    """The tenant's cloud account, and the role in it that the platform may assume.

    The role's trust policy names the external id that the platform sends, so that no other customer can have it
    assumed: it is the tenant's id.
    """

    account_id: Annotated[str, Field(max_length=12), Pattern(r"[0-9]{12}", "Should be a number of 12 digits")]
    role_arn: Annotated[
        str,
        Field(max_length=159),
        Pattern(
            r"arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,128}",
            "Should be the ARN of a role, such as arn:aws:iam::123456789012:role/cost-reader",
        ),
    ]
    region: Annotated[
        str, Field(max_length=50), Pattern(r"[a-z]{2}(-[a-z]+)+-[0-9]", "Should be a region such as us-east-1")
    ]

    @model_validator(mode="after")
    def _role_is_in_the_account(self) -> Self:
        if f":{self.account_id}:" not in self.role_arn:
            raise ValueError("the role is not in the account")
        return self


class NewUsageRecord(Request):
    """What a cloud service cost on a day."""

    service: ShortText
    day: Date
    quantity: Amount
    cost: Amount


class NewUsageRecords(Request):
    """The records of a tenant's cloud use to store."""

    records: Annotated[list[NewUsageRecord], Field(min_length=1, max_length=1_000)]


class Stored(Answer):
    """How many records were stored."""

    stored: int


class Agent(Answer):
    """An agent that can be asked."""

    name: str
    description: str


class Agents(Answer):
    """The agents that can be asked."""

    items: list[Agent]


class NewRun(Request):
    """``time_limit_seconds``: shorter than the platform's own limit."""

    agent_name: ShortText
    thread_id: Id | None = None
    input: Annotated[JsonObject, Field(default_factory=dict)]
    time_limit_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class RunError(Answer):
    """Why a run failed, fit for a customer; ``recoverable`` says whether trying again may help."""

    code: str
    message: str
    recoverable: bool


class Step(Answer):
    """``duration_seconds`` is null while the step goes on."""

    name: str
    kind: str
    agent_name: str
    started_at: Moment
    duration_seconds: float | None


class Usage(Answer):
    """What a run used; ``peak_state_bytes`` is the largest size of its working state."""

    cpu_seconds: float
    bytes_read: int
    peak_state_bytes: int
    tool_calls: int
    wall_seconds: float


class Run(Answer):
    """``progress``: steps done so far."""

    id: str
    thread_id: str
    user_id: str
    agent_name: str
    status: Status
    input: dict[str, Any]
    answer: dict[str, Any] | None
    partial: bool
    error: RunError | None
    steps: list[Step]
    usage: Usage | None
    progress: int
    trace_id: str
    request_id: str
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    duration_seconds: float | None
    cancel_requested_at: Moment | None


class Runs(Answer):
    """A page of runs, newest first."""

    items: list[Run]
    next_cursor: str | None


class OperatorRun(Run):
    """A run as operators see it; ``worker`` is the process that holds or held it."""

    tenant_id: str
    worker: str | None
    queued_seconds: float | None


class OperatorRuns(Answer):
    """A page of the runs of all tenants, newest first."""

    items: list[OperatorRun]
    next_cursor: str | None


class NewNotice(Request):
    """A notice to everyone."""

    title: ShortText
    body: Annotated[str, Field(min_length=1, max_length=2_000), STORABLE]


class Notice(Answer):
    """A notice as it was sent."""

    id: str
    title: str
    body: str
    created_at: Moment


class Connections(Answer):
    """Open sockets of this instance."""

    open: int


class Undelivered(Answer):
    """What could not be delivered to another store and was set aside after some attempts, with the reason."""

    id: int
    tenant_id: str
    topic: Literal["events", "analytics"]
    attempts: int
    reason: str
    set_aside_at: Moment


class UndeliveredItems(Answer):
    """What is set aside, oldest first."""

    items: list[Undelivered]


class Redelivery(Answer):
    """How much is tried again."""

    items: int


class Instance(Answer):
    """A running process of a service; ``url`` is where the other services reach it."""

    service: str
    name: str
    url: str
    version: str
    started_at: Moment


class Instances(Answer):
    """The instances that are there, by name."""

    items: list[Instance]
