"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Callable, Mapping

from support.database_management import broken_connections, ended_sessions, mixed_operations, transaction_limits
from support.scenario.words import Type, entry, kind
from support.scenario.world import World

GROUPS: Mapping[str, Callable[[World], None]] = {
    "ten Mid customers who have done everything once": mixed_operations.customers_at_work
}
TYPES: Mapping[str, Type] = {
    "Break": kind(broken_connections.Break),
    "DatabaseLimit": kind(transaction_limits.Limit),
    "SessionEnding": entry(ended_sessions.ENDINGS),
    "StoredOfRun": entry(transaction_limits.STORED),
}
