"""Many users at once over a few connections: how many sessions of the database they need, and how long they wait."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hamcrest import anything
from hamcrest.core.base_matcher import BaseMatcher

from support.api.concurrent_requests import Conversations
from support.database_management.connections import SERVICES, figures_of, reconfigure
from support.load.http_crowd import CrowdRequest, HttpCrowd, Send
from support.matchers.faultless import faultless
from support.platform.dialect import Meaning
from support.platform.http import HttpDriver
from support.platform.outcome import Outcome
from support.scenario.users import User
from support.scenario.world import World
from support.stores import opened

_CONNECTIONS = {"full": 20, "small": 4}
"""How many connections the pool has, by the run's profile."""
_ROUNDS = 4
_PAUSE = 0.1
"""Seconds that a user looks at a response."""
_BEGUN = """
select pid, backend_start, application_name = %s from pg_stat_activity
where backend_type = 'client backend' and datname = current_database() and backend_start > %s
"""
_ALL_BEGUN = "select sessions, clock_timestamp() from pg_stat_database where datname = current_database()"

Answer = tuple[Meaning, Outcome]
"""What a response has to mean, and the response."""


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """What many users were answered, the sessions of the database that were begun for it, and the waits for them: how
    many were no longer than so many seconds, by that.
    """

    answers: Sequence[Answer]
    begun: int
    waits: Mapping[float, int]

    @property
    def reuse(self) -> float:
        """The share of the requests for which no session was begun."""
        return 1 - self.begun / len(self.answers)


def set_size(world: World) -> None:
    """Have a pool of as many connections as the run's profile says."""
    size = _CONNECTIONS[world.settings.profile]
    reconfigure(world, lambda draft: draft.set(draft.facts.settings["database pool"].key, size))


def ask_together(world: World) -> PoolLoad:
    """Every customer makes requests, one after the other, all customers side by side."""
    name = world.target.part(SERVICES["API"].part).service
    begun_of = world.kept(Conversations).of
    requests = {who.alias: list(_requests(who, begun_of[who.id])) for who in world.users.customers}
    before = figures_of(world, name).waits
    with opened.as_observer(world, autocommit=True) as observer:
        sessions, since = observer.execute(_ALL_BEGUN).fetchone() or (0, None)
        seen: set[Any] = set()
        crowd = HttpCrowd(world, requests)
        answers = world.holds_while(
            lambda: seen.update(observer.execute(_BEGUN, [name, since])), anything(), crowd.answers, "sessions begin"
        )
        in_all, _ = observer.execute(_ALL_BEGUN).fetchone() or (0, None)
    own = {session for session in seen if session[-1]}
    return PoolLoad(
        [(request.about, answer) for request, answer in answers],
        # A session may be over before anybody sees it, and is counted all the same.
        max(len(own), in_all - sessions - len(seen - own)),
        {limit: count - before.get(limit, 0) for limit, count in figures_of(world, name).waits.items()},
    )


def _requests(who: User, thread: str) -> Iterator[CrowdRequest]:
    """Twenty that change something, so that no replica can answer them. Some are refused: a transaction that is rolled
    back keeps its connection, too.
    """
    unknown = str(uuid.uuid4())
    for number in range(_ROUNDS):
        sends: list[tuple[Send, Meaning]] = [
            (partial(_post, thread, f"Question {number} of {who.tenant.marker}"), Meaning.DONE),
            (lambda api, who: api.rename_thread(who, thread, "Another title"), Meaning.DONE),
            (lambda api, who: api.rename_thread(who, unknown, "Another title"), Meaning.NOT_FOUND),
            (partial(_post, thread, f"Answer {number} of {who.tenant.marker}"), Meaning.DONE),
            (lambda api, who: api.rename_thread(who, thread, "A title"), Meaning.DONE),
        ]
        yield from (CrowdRequest(who, send, pause=_PAUSE, about=meaning) for send, meaning in sends)


def _post(thread: str, text: str, api: HttpDriver, who: User) -> Outcome:
    return api.post_message(who, thread, text)


def are_as_expected() -> BaseMatcher[Sequence[Answer]]:
    """There were responses, and each means what it has to."""

    def faults_of(answers: Sequence[Answer]) -> list[str]:
        if not answers:
            return ["there was no request"]
        return [
            f"{answer}, expected {expected.value}" for expected, answer in answers if answer.meaning is not expected
        ]

    return faultless("every request succeeds, or is refused as expected", faults_of)


def percentile_of(counts: Mapping[float, int], share: float) -> float:
    """The smallest limit within which at least that share of all values lies; infinity where there is none.

    :param counts: how many values are at most as large as a limit, by the limit; all of them by infinity.
    :raises ValueError: there are no values.
    """
    values = max(counts.values(), default=0)
    if not values:
        raise ValueError("no values were measured")
    return min(limit for limit, count in counts.items() if count >= share * values)
