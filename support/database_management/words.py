"""The words of database management in sentences; see support/scenario/words.py."""

from support.database_management import failover, read_replica
from support.scenario.words import entry

GROUPS = {**failover.GROUPS}
TYPES = {
    "DatabaseLoss": entry(failover.LOSSES),
    "ReplicaLoss": entry(read_replica.LOSSES),
    "Replication": entry({state: state for state in ("replicated", "unreplicated")}),
}
