"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.database_management import broken_connections, transaction_limits
from support.scenario.words import Type, entry, kind

TYPES: Mapping[str, Type] = {
    "Break": kind(broken_connections.Break),
    "DatabaseLimit": kind(transaction_limits.Limit),
    "StoredOfRun": entry(transaction_limits.STORED),
}
