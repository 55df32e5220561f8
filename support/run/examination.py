"""What is examined after every scenario, whatever it was about: what was answered, told, logged and stored."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from zlib import crc32

from support.matchers.schema import breaches_of
from support.oracles.answers import Published, WrongAnswer, unfit_failures, unfit_run, wrong_answers
from support.oracles.books import WrongBook
from support.oracles.canary import Leak, Sighting, leaks, markers_in, unseen
from support.oracles.identities import (
    Cause,
    Check,
    WrongIdentity,
    unpublished_frames,
    wrong_identities,
    wrong_log_lines,
    wrong_requests,
)
from support.oracles.records import (
    DifferentRecords,
    different_records,
    not_what_was_asked,
    read_backwards,
    read_otherwise,
    shown_untimely,
    told_otherwise,
)
from support.oracles.resources import (
    NotGivenBack,
    beyond_the_pool,
    kept_for_ever,
    never_ended,
    not_given_back,
    still_open,
)
from support.oracles.story import BrokenStory, StoredRun, broken_stories, told_late, untold_progress, untold_thoughts
from support.platform.capabilities import Capability
from support.platform.components import Component
from support.platform.contract import schemas_of_frames
from support.platform.runs import Run, RunStatus
from support.platform.story import Event
from support.platform.target import Target
from support.scenario.evidence import Finding
from support.scenario.reading_back import SIZES, read_back
from support.scenario.verdict import NotShown
from support.scenario.waiting import Deadline, pause
from support.scenario.world import RunHandle, World
from support.stores.observers import Observers, Written

_SETTLING = 3.0
_LATE = 0.75
"""Seconds for which a run may be read in a state that is over."""
_LATE_EVENT = 2.0
"""Seconds after which an event is late whatever the machine is busy with; what is promised has scenarios of its own."""
_READ_AGAIN = 3
"""So many of a scenario's last runs are read again as their owners do."""
_SHOWN = 10


@dataclass(slots=True)
class Examination:
    """The oracles, and what they know from one scenario to the next. ``judged``: the runs of scenarios before.

    ``connections`` counts the live connections, of which there were ``connected`` before the first scenario.
    """

    target: Target
    observers: Observers
    judged: frozenset[str]
    connections: Callable[[], int] | None = None
    connected: int = 0
    _markers: dict[str, str] = field(default_factory=dict)
    _people: dict[str, str] = field(default_factory=dict)
    _published: Published | None = None

    def of(self, world: World) -> tuple[Written, list[Finding]]:
        """Look at everything that a scenario has left, and judge it.

        :raises Exception: an observer cannot see.
        """
        written = self._look(world)
        findings = (
            self._stories(world, written)
            + self._books(world)
            + self._answers(world, written)
            + self._identities(world, written)
        )
        return written, findings + self._resources(world, written) + self._canary(world, written)

    def _look(self, world: World) -> Written:
        for user in world.users:
            if user.known:
                self._people[user.id] = user.tenant.id
                self._markers[user.tenant.marker] = user.tenant.id
        traces = _traces(world) if Capability.TRACES in self.target.capabilities else None
        self.observers.know({run.run_id: run.user.tenant.id for run in world.runs})
        written = self.observers.look(_present(world), self._people, traces)
        for user in world.users:
            for capture in user.captures:
                found = markers_in("\n".join(capture.raw))
                written.sightings.append(Sighting(capture.name, user.tenant.id, found))
        return written

    def _stories(self, world: World, written: Written) -> list[Finding]:
        # A run is judged by the scenario in which it took place: the operator is there in many of them, and what an
        # exclusive one destroys on purpose is not a later one's.
        before = self.judged
        self.judged = before | {run.id for run in written.runs}
        mine = self.judged - before
        if not mine:
            return []

        def broken(every: Iterable[StoredRun], told: Sequence[Event]) -> tuple[list[str], list[str]]:
            runs = [run for run in every if run.id in mine]
            stories = []
            if self.target.ownership is None or not self.target.ownership.event_streams:
                runs, told = _watched(world, runs)
            elif not world.broken_stories:
                stories += untold_progress(event for event in told if event.run_id in mine)
            if not world.broken_stories:
                stories += broken_stories(runs, told, self.target.limits["calls_at_once"])
                stories += untold_thoughts(runs, told, {run.run_id: run.thoughts for run in world.runs})
            records = told_otherwise(runs, told)
            if Capability.JOB_RECORDS in self.target.capabilities:
                records += different_records(runs, self.observers.jobs(mine))
            known = self.target.known
            return known.new("story oracle", stories), known.new("records oracle", records)

        stories, records = broken(written.runs, written.events)
        # A run's end leaves through the outbox, a moment after its status is stored.
        deadline = Deadline(world.budgets.limit("records agree"))
        while (stories or records) and not deadline.passed:
            pause(0.02)
            stories, records = broken(*self.observers.stories(_present(world)))
        stored = [run for run in self.observers.runs(_present(world)) if run.id in mine]
        records += self.target.known.new("records oracle", self._reads(world, stored))
        late = math.inf if _is_held_up(world) else _LATE
        records += shown_untimely(world.evidence.answers, stored, time.time() - time.monotonic(), late)
        stories += self._late(world)
        return [
            *([Finding("story oracle", BrokenStory("; ".join(stories[:_SHOWN])))] if stories else []),
            *([Finding("records oracle", DifferentRecords("; ".join(records[:_SHOWN])))] if records else []),
        ]

    def _late(self, world: World) -> list[str]:
        """What came late to whom nothing held up."""
        if _is_held_up(world) or Capability.TIMESTAMPS not in self.target.capabilities:
            return []
        return [
            fault
            for user in world.users
            if user.link is None
            for capture in user.captures
            for fault in told_late(capture.events, capture.opened, _LATE_EVENT)
        ]

    def _reads(self, world: World, stored: Iterable[StoredRun]) -> list[str]:
        """What the last runs' owners read of them now, where they still may."""
        handles = {run.run_id: run for run in world.runs[-_READ_AGAIN:]}
        found = []
        for run in stored:
            if run.id not in handles or not run.has_ended:
                continue
            read = world.platform.run(handles[run.id].user, run.id)
            if read.done:
                found += self._replies(world, handles[run.id], read.value)
                found += [*read_otherwise(read.value, run), *unfit_run(read.value)]
                found += not_what_was_asked(
                    read.value,
                    run_id=run.id,
                    thread_id=handles[run.id].thread_id,
                    asked_at=handles[run.id].asked_at_wall,
                    now=time.time(),
                )
        return found

    def _replies(self, world: World, run: RunHandle, read: Run) -> list[str]:
        """Where a completed run's answer reads otherwise in its conversation, of which the first page is looked at."""
        if run.thread_id is None or Capability.MESSAGES not in self.target.capabilities:
            return []
        if read.status is not RunStatus.COMPLETED:
            return []
        page = world.platform.messages(run.user, run.thread_id)
        replies = [each for each in page.value.items if each.run_id == run.run_id and each.data] if page.done else []
        return [
            f"run {run.run_id} reads {str(read.result)[:200]}, in its conversation {str(reply.data)[:200]}"
            for reply in replies
            if reply.data != read.result
        ]

    def _books(self, world: World) -> list[Finding]:
        # Pages of another size after every scenario, and of the same one whenever it is played again.
        number = crc32(f"{world.evidence.subject.file}:{world.evidence.subject.line}".encode()) % (len(SIZES) + 1)
        size = SIZES[number] if number < len(SIZES) else None
        found = read_back(world.books, world.platform, self.target.capabilities, world.users, size)
        found = self.target.known.new("books oracle", found)
        return [Finding("books oracle", WrongBook("; ".join(found[:_SHOWN])))] if found else []

    def _answers(self, world: World, written: Written) -> list[Finding]:
        answers = world.evidence.answers
        if not answers:
            return []
        if self._published is None and Capability.PUBLISHED_API in self.target.capabilities:
            documents = world.platform.documents()
            has_rules = Capability.ENDPOINT_RULES in self.target.capabilities
            reports = self.target.endpoints.groups.get("health", ()) if has_rules else ()
            self._published = Published((document.require() for document in documents.values()), reports)
        own = {run.request_id for run in world.runs if run.request_id}
        has_ids = Capability.REQUEST_IDS in self.target.capabilities
        found = wrong_answers(answers, self._published, own, has_ids=has_ids)
        found += read_backwards(answers)
        received = [event for user in world.users for capture in user.captures for event in capture.events]
        # Also what nobody was there to receive.
        found += dict.fromkeys([*unfit_failures(received), *unfit_failures(written.events)])
        found = self.target.known.new("answers oracle", found)
        return [Finding("answers oracle", WrongAnswer("; ".join(found[:_SHOWN])))] if found else []

    def _identities(self, world: World, written: Written) -> list[Finding]:
        named = self.target.driver_class.dialect.identities
        causes = {run.run_id: _cause(run, named) for run in world.runs}
        found = wrong_identities(written.events, causes)
        owners = {
            run.id: {"user_id": run.user_id, "tenant_id": run.tenant_id, "trace_id": run.trace_id}
            for run in written.runs
        }
        # What the others say of a run may be about who asks for it.
        parts = self.target.parts
        own = [parts[each].logs for each in (Component.WORKERS, Component.TOOLS) if each in parts]
        tenants = {user.tenant.id: user.tenant.name for user in world.users if user.known}
        traces: dict[str, set[str]] = {name: set() for name in tenants.values()}
        # A run that went with its conversation is known to who started it.
        known = [(run.tenant_id, run.trace_id) for run in written.runs]
        for tenant_id, trace in [*known, *((run.user.tenant.id, run.trace_id) for run in world.runs)]:
            traces.setdefault(tenants.get(tenant_id, ""), set()).add(trace)
        found += wrong_requests(written.requests, traces)
        told = (line.text for line in written.lines if any(fnmatch(line.service, logs) for logs in own))
        found += wrong_log_lines(told, owners)
        for user in world.users:
            for capture in user.captures:
                found += wrong_identities(capture.events, causes)
                if self.target.contract is not None:
                    checks = _checks_of_frames(self.target.contract)
                    found += unpublished_frames(capture.raw, checks, world.platform.dialect)
        return [Finding("identities oracle", WrongIdentity("; ".join(found[:_SHOWN])))] if found else []

    def _resources(self, world: World, written: Written) -> list[Finding]:
        def held(runs: Iterable[StoredRun]) -> list[str]:
            own = (self.target.ownership.sessions if self.target.ownership else ()) or self.target.instances
            sessions = self.observers.sessions()
            taken = not_given_back(sessions, own) + never_ended(runs)
            if (most := self.target.limits.get("database_connections")) is not None:
                taken += beyond_the_pool(sessions, own, most)
            return taken + (still_open(self.connections(), self.connected) if self.connections else [])

        found = held(written.runs)
        deadline = Deadline(_SETTLING)
        while found and not deadline.passed:
            pause(0.05)
            found = held(self.observers.runs(_present(world)))
        found += kept_for_ever(written.endless_keys)
        return [Finding("resources oracle", NotGivenBack("; ".join(found[:_SHOWN])))] if found else []

    def _canary(self, world: World, written: Written) -> list[Finding]:
        found = self.target.known.new("leak canary", leaks(written.sightings, self._markers))
        if found:
            return [Finding("leak canary", Leak("; ".join(found[:_SHOWN])))]
        if Capability.OWN_DATABASE not in self.target.capabilities:
            return []
        blind = unseen(world.shown_markers, written.sightings, self._markers)
        if blind:
            return [Finding("leak canary", NotShown(f"it is blind: {', '.join(blind)} was stored and not seen"))]
        return []


def _is_held_up(world: World) -> bool:
    """Whether a state may take long to be written down, or an event to come: something is broken on purpose."""
    return bool(world.held_up) or "exclusive" in world.evidence.subject.tags


@cache
def _checks_of_frames(published: Path) -> dict[str, Check]:
    return {type: breaches_of(schema) for type, schema in schemas_of_frames(published).items()}


def _cause(run: RunHandle, named: Collection[str]) -> Cause:
    """What caused a run's events, of what these name."""
    return Cause(
        run.user.id if "user_id" in named else None,
        run.thread_id if "thread_id" in named else None,
        run.request_id if "request_id" in named else None,
        (run.trace_id or None) if "trace_id" in named else None,
    )


def _watched(world: World, runs: Iterable[StoredRun]) -> tuple[list[StoredRun], list[Event]]:
    """Those of the runs whose end their owners have received, and what these received of them.

    Where the suite knows of no store of events, nothing else is known of a story.
    """
    told = [event for user in world.users for capture in user.captures[:1] for event in capture.events]
    ended = {event.run_id for event in told if event.is_end}
    return [run for run in runs if run.id in ended], told


def _present(world: World) -> dict[str, str]:
    return {user.id: user.tenant.id for user in world.users if user.known}


def _traces(world: World) -> dict[str, str]:
    return {run.trace_id: run.user.tenant.id for run in world.runs}
