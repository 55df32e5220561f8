"""The words of database management in sentences; see support/scenario/words.py."""

from support.database_management import (
    broken_connections,
    changes,
    connections,
    consistent_stores,
    deadlocks,
    ended_sessions,
    failover,
    idempotency,
    isolation,
    mixed_operations,
    passing_faults,
    pool_exhaustion,
    read_replica,
    rollback,
    transaction_limits,
)
from support.scenario.words import entry, kind

ASSETS = changes.ASSETS
GROUPS = {
    **failover.GROUPS,
    "ten Mid customers who have done everything once": mixed_operations.customers_at_work,
}
TYPES = {
    "Arrivals": entry(connections.ARRIVALS),
    "Attempts": entry(passing_faults.ATTEMPTS),
    "Break": kind(broken_connections.Break),
    "Change": entry(changes.CHANGES),
    "ChangeFailure": entry(rollback.FAILURES),
    "ChangesAtOnce": entry(isolation.OPERATIONS),
    "CommitMoment": entry(passing_faults.MOMENTS),
    "DatabaseFault": entry(passing_faults.FAULTS),
    "DatabaseLimit": kind(transaction_limits.Limit),
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
    "SessionEnding": entry(ended_sessions.ENDINGS),
    "SharedChange": entry(isolation.SHARED),
    "StepwiseChange": entry(rollback.CHANGES),
    "StoredOfRun": entry(transaction_limits.STORED),
    "Times": entry(passing_faults.TIMES),
    "Twice": entry(idempotency.TWICE),
}
