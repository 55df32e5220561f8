"""What was written since the last look, seen past the platform: streams, rows, figures, journals, logs.

Every look continues where the one before ended, so nothing that is written between two scenarios is missed.
"""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from support.oracles.canary import Sighting
from support.oracles.identities import AskedOfPartner
from support.oracles.records import StoredJob
from support.oracles.resources import DatabaseSession
from support.oracles.story import StoredRun
from support.platform.dialect import Dialect
from support.platform.story import Event
from support.platform.target import Ownership
from support.stack.client import Addresses
from support.stores import logs
from support.stores.clickhouse import ClickHouseEyes
from support.stores.logs import LogLine, ServiceLogs
from support.stores.partner import PartnerEyes
from support.stores.postgres import PostgresEyes
from support.stores.redis import RedisEyes


@dataclass(slots=True)
class Written:
    """What was written since the last look; ``runs`` and ``events`` are those of the users who are present.

    ``endless_keys`` are keys of the cache that never expire; ``requests`` are those that the partner has received.
    """

    sightings: list[Sighting] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    runs: list[StoredRun] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    endless_keys: list[str] = field(default_factory=list)
    requests: list[AskedOfPartner] = field(default_factory=list)


class Observers:
    """The suite's own eyes on everything that a running stack writes."""

    def __init__(self, addresses: Addresses, dialect: Dialect, ownership: Ownership | None) -> None:
        # A platform may have no analytics store; of one that the run did not start no store is looked into.
        self._streams = RedisEyes(addresses.redis_url, dialect, ownership) if ownership else None
        self._rows = PostgresEyes(addresses.postgres_observer_url, ownership) if ownership else None
        self._owners = ownership.columns if ownership else ()
        self._figures = ClickHouseEyes(addresses.clickhouse_url, self._owners) if addresses.clickhouse_url else None
        partner, token = addresses.partner_control_url, addresses.partner_control_token
        self._partner = PartnerEyes(partner, token) if token else None
        self._logs = ServiceLogs(addresses.log_dir)
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="observer")

    def look(
        self, present: Mapping[str, str], everybody: Mapping[str, str], traces: Mapping[str, str] | None
    ) -> Written:
        """See what was written since the last look, in all places at once.

        :param present: user id -> tenant id, of the scenario's users.
        :param everybody: the same of all users of this run.
        :param traces: trace id -> tenant id, of the scenario's requests; None where the platform passes no traces on,
            so that nobody knows whose its requests of the partner are.
        :raises Exception: a store could not be looked at, so that what it holds is not known.
        """
        rows = self._pool.submit(self._rows.look, sorted(set(present.values())), everybody) if self._rows else None
        figures = self._pool.submit(self._figures.look, everybody) if self._figures else None
        journal = self._pool.submit(self._partner.look, traces) if self._partner and traces is not None else None
        lines = self._logs.new_lines()
        in_rows, runs = rows.result() if rows else ([], [])
        in_streams, events, endless = self._look_into_streams(runs, present, everybody)
        at_partner, requests = journal.result() if journal else ([], [])
        in_figures = figures.result() if figures else []
        in_logs = logs.sightings(lines, self._owners, everybody)
        sightings = [*in_streams, *in_rows, *in_figures, *at_partner, *in_logs]
        return Written(sightings, events, runs, lines, endless, requests)

    def know(self, runs: Mapping[str, str]) -> None:
        """Whose runs there were, also those that were deleted: run id -> tenant id."""
        if self._streams is not None:
            self._streams.know(runs)

    def _look_into_streams(
        self, runs: Iterable[StoredRun], present: Mapping[str, str], everybody: Mapping[str, str]
    ) -> tuple[list[Sighting], list[Event], list[str]]:
        if self._streams is None:
            return [], [], []
        self._streams.know({run.id: run.tenant_id for run in runs})
        return self._streams.look(present, everybody)

    def stories(self, present: Mapping[str, str]) -> tuple[list[StoredRun], list[Event]]:
        """The stored runs of the users' tenants, and everything in the users' streams from their start."""
        return self.runs(present), self._streams.whole(present) if self._streams else []

    def runs(self, present: Mapping[str, str]) -> list[StoredRun]:
        """The stored runs of the users' tenants."""
        return self._rows.runs(sorted(set(present.values()))) if self._rows else []

    def jobs(self, runs: Collection[str]) -> list[StoredJob]:
        """The job records of some runs."""
        return self._figures.jobs(runs) if self._figures else []

    def sessions(self) -> list[DatabaseSession]:
        """The sessions of the database."""
        return self._rows.sessions() if self._rows else []

    def every_run(self) -> frozenset[str]:
        """The ids of all runs there are."""
        return self._rows.every_run() if self._rows else frozenset()

    def close(self) -> None:
        """Give back threads and connections."""
        self._pool.shutdown()
        for eyes in (self._streams, self._rows, self._figures, self._partner):
            if eyes is not None:
                eyes.close()
