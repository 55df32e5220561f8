"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.database_management import changes, deadlocks, idempotency, isolation, passing_faults
from support.scenario.words import Type, entry

ASSETS = changes.ASSETS
TYPES: Mapping[str, Type] = {
    "Attempts": entry(passing_faults.ATTEMPTS),
    "Change": entry(changes.CHANGES),
    "ChangesAtOnce": entry(isolation.OPERATIONS),
    "CommitMoment": entry(passing_faults.MOMENTS),
    "DatabaseFault": entry(passing_faults.FAULTS),
    "DatabaseReason": entry(passing_faults.REASONS),
    "Deadlock": entry(deadlocks.DEADLOCKS),
    "Made": entry(changes.MADE),
    "SharedChange": entry(isolation.SHARED),
    "Times": entry(passing_faults.TIMES),
    "Twice": entry(idempotency.TWICE),
}
