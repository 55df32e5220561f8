"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.database_management import consistent_stores, rollback
from support.scenario.words import Type, entry

TYPES: Mapping[str, Type] = {
    "Change": entry(rollback.CHANGES),
    "ChangeFailure": entry(rollback.FAILURES),
    "LossMoment": entry(consistent_stores.MOMENTS),
    "ReceivingStore": entry(consistent_stores.STORES),
}
