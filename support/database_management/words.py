"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.database_management import changes, deadlocks
from support.scenario.words import Type, entry

ASSETS = changes.ASSETS
TYPES: Mapping[str, Type] = {
    "Change": entry(changes.CHANGES),
    "Deadlock": entry(deadlocks.DEADLOCKS),
}
