"""The words of database management in sentences; see support/scenario/words.py."""

from support.database_management import (
    changes,
    consistent_stores,
    deadlocks,
    failover,
    idempotency,
    isolation,
    passing_faults,
    read_replica,
    rollback,
)
from support.scenario.words import entry

ASSETS = changes.ASSETS
GROUPS = {**failover.GROUPS}
TYPES = {
    "Attempts": entry(passing_faults.ATTEMPTS),
    "Change": entry(changes.CHANGES),
    "ChangeFailure": entry(rollback.FAILURES),
    "ChangesAtOnce": entry(isolation.OPERATIONS),
    "CommitMoment": entry(passing_faults.MOMENTS),
    "DatabaseFault": entry(passing_faults.FAULTS),
    "DatabaseLoss": entry(failover.LOSSES),
    "DatabaseReason": entry(passing_faults.REASONS),
    "Deadlock": entry(deadlocks.DEADLOCKS),
    "Made": entry(changes.MADE),
    "LossMoment": entry(consistent_stores.MOMENTS),
    "ReceivingStore": entry(consistent_stores.STORES),
    "ReplicaLoss": entry(read_replica.LOSSES),
    "Replication": entry({state: state for state in ("replicated", "unreplicated")}),
    "StepwiseChange": entry(rollback.CHANGES),
    "SharedChange": entry(isolation.SHARED),
    "Times": entry(passing_faults.TIMES),
    "Twice": entry(idempotency.TWICE),
}
