"""What a platform answers, in the suite's own words, whatever its API calls the fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; ``next`` is where the following one begins, None after the last."""

    items: Sequence[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A user and the organisation that the user belongs to."""

    user_id: str
    tenant_id: str
    email: str
    display_name: str | None
    role: str
    organisation: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens of a session; without a refresh token it cannot be renewed.

    ``device_token`` shows, at a later log-in, that somebody has logged in here before.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    device_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invited person accepts with."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation."""

    id: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a conversation; ``data`` is what an agent returned, ``run_id`` the run that it did so in."""

    id: str
    role: str
    content: str
    data: Any = None
    run_id: str | None = None
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that customers can run."""

    name: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an organisation may spend in a month and has spent, each amount as text."""

    monthly_amount: str | None
    spent: str | None
    spent_by_you: str | None
    remaining: str | None
    allotted: str | None


@dataclass(frozen=True, slots=True)
class Expense:
    """A booked expense."""

    id: str
    amount: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What a team may spend of the allowance."""

    id: str
    team: str
    amount: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it is published: what it needs, and whether the reader may use it."""

    name: str
    permission: str | None
    plans: Sequence[str]
    roles: Sequence[str]
    allowed: bool | None


@dataclass(frozen=True, slots=True)
class Job:
    """The record of an ended run in the analytics store."""

    run_id: str
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to everyone."""

    id: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A registered instance of a service."""

    service: str
    name: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a store refused and was set aside; ``topic``: which store it is for."""

    tenant_id: str
    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Connections:
    """How many live connections the platform has."""

    open: int


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """Connections of a database pool; None where it is not said. ``waits``: how many have waited for one for at most so
    many seconds since the start, by that; ``waited``: the seconds of all their waits.
    """

    size: int | None
    in_use: int | None
    waiting: int | None
    overflow: int | None
    waits: Mapping[float, int]
    waited: float | None


def read(kind: type[T], body: Mapping[str, Any]) -> T:
    """A value from the fields of the same names; one that the platform leaves out is None."""
    return kind(**{name: body.get(name) for name in kind.__dataclass_fields__})  # type: ignore[attr-defined]
