"""The words of database management in sentences; see support/scenario/words.py."""

from support.database_management import (
    changes,
    connections,
    consistent_stores,
    deadlocks,
    failover,
    idempotency,
    isolation,
    passing_faults,
    pool_exhaustion,
    read_replica,
    rollback,
)
from support.scenario.words import entry

ASSETS = changes.ASSETS
GROUPS = {**failover.GROUPS}
TYPES = {
    "Arrivals": entry(connections.ARRIVALS),
    "Attempts": entry(passing_faults.ATTEMPTS),
    "Change": entry(changes.CHANGES),
    "ChangeFailure": entry(rollback.FAILURES),
    "ChangesAtOnce": entry(isolation.OPERATIONS),
    "CommitMoment": entry(passing_faults.MOMENTS),
    "DatabaseFault": entry(passing_faults.FAULTS),
    "DatabaseLoss": entry(failover.LOSSES),
    "DatabaseReason": entry(passing_faults.REASONS),
    "Deadlock": entry(deadlocks.DEADLOCKS),
    "FutileRequests": entry(pool_exhaustion.REQUESTS),
    "LossMoment": entry(consistent_stores.MOMENTS),
    "Made": entry(changes.MADE),
    "PoolConnections": entry(connections.CONNECTIONS),
    "PoolRelease": entry(connections.FREED),
    "PooledService": entry(connections.SERVICES),
    "ReceivingStore": entry(consistent_stores.STORES),
    "ReplicaLoss": entry(read_replica.LOSSES),
    "Replication": entry({state: state for state in ("replicated", "unreplicated")}),
    "SharedChange": entry(isolation.SHARED),
    "StepwiseChange": entry(rollback.CHANGES),
    "Times": entry(passing_faults.TIMES),
    "Twice": entry(idempotency.TWICE),
}
