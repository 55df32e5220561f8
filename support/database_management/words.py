"""The words of database management in sentences; see support/scenario/words.py."""

from support.database_management import failover
from support.scenario.words import entry

GROUPS = {**failover.GROUPS}
TYPES = {
    "DatabaseLoss": entry(failover.LOSSES),
}
