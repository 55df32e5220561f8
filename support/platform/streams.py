"""How live events come, whatever carries them: what is asked for, what comes over a connection, how it ends."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from support.platform.dialect import TokenCarrier


class Kind(Enum):
    """What a frame is."""

    TEXT = "text"
    HEARTBEAT = "heartbeat"
    OTHER = "other"


Frame = tuple[float, Kind, bytes, int]  # received (monotonic), kind, data, connection number


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a connection is to show.

    ``after`` and ``epoch``: where to resume a numbered stream; ``last_id``: where to resume a stream whose frames have
    ids. ``run_id`` and ``thread_id``: the run, on a platform with a stream for each. ``website``: as whose page a
    browser would connect.
    """

    token: str | None = field(repr=False)
    carrier: TokenCarrier | None = None
    website: str | None = None
    after: int | None = None
    epoch: str | None = None
    last_id: str | None = None
    run_id: str | None = None
    thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """How the platform answered the wish to watch. ``status`` None: it did not."""

    status: int | None
    body: str = ""
    error: str | None = None
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended: the close code and reason, or the error of the connection."""

    code: int | None
    reason: str
    at: float
    error: str | None = None


class LiveConnection(Protocol):
    """An open connection, which appends what comes to a list of frames."""

    opened_at: float
    closed: Closed | None

    def drop(self) -> None:
        """Leave without a word: the connection is reset."""

    def close(self) -> None:
        """Leave politely."""


class Transport(Protocol):
    """What carries a platform's live events. ``per_run``: a connection shows one run, not all of a user's."""

    address: str
    per_run: bool

    def last_id(self, frames: Iterable[Frame], number: int) -> str | None:
        """The id of the last frame that a connection brought, where frames have ids."""

    def open(
        self, wanted: Wanted, frames: list[Frame], number: int, name: str
    ) -> tuple[Handshake, LiveConnection | None]:
        """Open a connection, the user's ``number``-th; None with the handshake of one that was refused."""
