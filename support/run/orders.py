"""What a run asks of its lanes, and what they answer: plain values that fit through a connection."""

from dataclasses import dataclass
from pathlib import Path

from support.run.record import ScenarioRecord
from support.run.replaying import PlayedModel
from support.stack.apex import CATALOGUE

DRIVER = "driver"
"""Where a defect sits that no service has: what the platform says is spoiled on its way to the driver."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play the scenario at this place; `reports` says where its evidence goes, None: where the run's does."""

    index: int
    reports: Path | None = None


@dataclass(frozen=True, slots=True)
class LoadDefect:
    """Restart a service with a seeded defect of a catalogue (a module), or sound (None).

    With ``DRIVER`` nothing is restarted: what is said over new connections is spoiled, or passes whole (None).
    """

    service: str
    defect: str | None
    catalogue: str = CATALOGUE


@dataclass(frozen=True, slots=True)
class RecordAs:
    """Have recorders note what the platform runs through under this name (:mod:`support.proof.covering`)."""

    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The lane's stack is up, with a platform of this version; or an order was carried out that has no other answer."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The lane cannot be had, or an order not be carried out; one line."""

    reason: str


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario has ended: its record, and what behave's own formatters and reporters read of its model.

    `unwritten` says why its evidence could not be written; "" when it was.
    """

    record: ScenarioRecord
    model: PlayedModel
    unwritten: str = ""
