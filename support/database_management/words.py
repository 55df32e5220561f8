"""The words of database management in sentences; see support/scenario/words.py."""

from collections.abc import Mapping

from support.database_management import connections, pool_exhaustion
from support.scenario.words import Type, entry

TYPES: Mapping[str, Type] = {
    "Arrivals": entry(connections.ARRIVALS),
    "FutileRequests": entry(pool_exhaustion.REQUESTS),
    "PoolConnections": entry(connections.CONNECTIONS),
    "PooledService": entry(connections.SERVICES),
    "PoolRelease": entry(connections.FREED),
}
