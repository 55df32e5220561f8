"""One run of the suite: the stack it plays on, the worlds of its scenarios, and what is examined after each."""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support import logs
from support.canary import Leak, Sighting, leaks, markers_in, unseen
from support.dialect import Dialect
from support.evidence import Evidence, Subject, evidence_path, write_evidence
from support.faults import Faults
from support.inventory import CloudAccounts
from support.observers import Observers, Written
from support.oracle import BrokenStory, StoredRun, broken_stories
from support.partner import Partner
from support.platform import Endpoints, Platform
from support.redaction import redact
from support.refusal import Refusal
from support.settings import Settings, prepare_reports
from support.stack.client import Addresses, Stack, StackError
from support.starting import stack_of
from support.story import Event
from support.undo import NotUndone, UndoStack
from support.users import Stage, Users
from support.verdict import NotShown, Verdict, verdict_of_error, worst
from support.waiting import Deadline, pause
from support.world import World

_SETTLING = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What an examination after the steps found."""

    examination: str
    error: Exception

    def __str__(self) -> str:
        return redact(f"{self.examination}: {self.error}")


class Spoiled(AssertionError):
    """The steps of a scenario passed, an examination after them found something."""


@dataclass(slots=True)
class Session:
    """The stack of a run and everything that is kept from one scenario to the next."""

    settings: Settings
    stack: Stack
    dialect: Dialect
    observers: Observers
    cloud: CloudAccounts
    _markers: dict[str, str] = field(default_factory=dict)
    _people: dict[str, str] = field(default_factory=dict)
    _judged: frozenset[str] = frozenset()
    """The runs that took place in scenarios before."""

    @classmethod
    def open(cls, settings: Settings, progress: Callable[[str], None]) -> "Session":
        """Start the stack, or attach to a kept one.

        :raises Refusal: reports cannot be written, or the stack does not start; one clear line.
        """
        # What an earlier run left must never be taken for this one's.
        shutil.rmtree(settings.evidence, ignore_errors=True)
        prepare_reports(settings)
        try:
            stack = stack_of(settings, progress)
        except StackError as error:
            raise Refusal(str(error)) from None
        dialect = Dialect()
        observers = Observers(stack.addresses, dialect)
        cloud = CloudAccounts(stack.addresses.cloud_url)
        return cls(settings, stack, dialect, observers, cloud, _judged=observers.every_run())

    def close(self) -> None:
        """End the run: a kept stack goes on, and one of somebody else's; any other ends."""
        self.observers.close()
        self.stack.close()

    def missing(self, tags: Sequence[str]) -> str | None:
        """Why a scenario with these tags cannot be played here, or None.

        :raises NotShown: a ``@needs.`` tag names no known capability.
        """
        capabilities = {"sequence_numbers": self.dialect.sequences, "own_services": True}
        for tag in tags:
            if tag.startswith("needs."):
                name = tag.removeprefix("needs.")
                if name not in capabilities:
                    raise NotShown(f"@{tag} names no capability; known: {', '.join(capabilities)}")
                if not capabilities[name]:
                    return f"the platform {self.dialect.name} has no {name.replace('_', ' ')}"
        return None

    # -- one scenario -------------------------------------------------------------------------------------------

    def begin(self, subject: Subject) -> World:
        """The world of a scenario that is about to begin."""
        addresses = self.stack.addresses
        evidence = Evidence(subject)
        undo = UndoStack()
        platform = Platform(_endpoints(addresses), self.dialect, evidence.request)
        users = Users(platform, addresses.operator_email, addresses.operator_password)
        Stage.users = users
        return World(
            self.settings,
            platform,
            addresses,
            self.stack,
            self.cloud,
            users,
            Faults(self.stack, undo, evidence, exclusive="exclusive" in subject.tags),
            Partner(addresses.partner_control_url, addresses.partner_control_token, undo),
            evidence,
            undo,
        )

    def finish(self, world: World, steps: Verdict, record: Sequence[Mapping[str, Any]]) -> list[Finding]:
        """Undo what the scenario did, examine what it left, and write its evidence.

        :param steps: the verdict of the steps.
        :param record: the steps as they went, for the evidence.
        """
        Stage.users = None
        findings = []
        left_over = world.undo.run_all()
        if left_over:
            findings.append(Finding("undo", NotUndone(left_over)))
        written = Written()
        try:
            written = self._look(world)
            findings += self._stories(world, written)
            findings += self._canary(world, written)
        except Exception as error:  # an observer that cannot see makes the scenario inconclusive
            findings.append(Finding("observers", error))
        world.users.close()
        verdict = worst(steps, *(verdict_of_error(finding.error) for finding in findings))
        subject = world.evidence.subject
        write_evidence(
            self.settings.evidence / evidence_path(subject.file, subject.scenario, subject.line),
            world.evidence.report(
                verdict,
                world.budgets.uses,
                logs.of_traces(written.lines, world.evidence.trace_ids),
                [str(finding) for finding in findings],
                record,
            ),
        )
        return findings

    def _look(self, world: World) -> Written:
        for user in world.users:
            if user.known:
                self._people[user.id] = user.tenant.id
                self._markers[user.tenant.marker] = user.tenant.id
        written = self.observers.look(_present(world), self._people, _traces(world))
        for user in world.users:
            for capture in user.captures:
                found = markers_in("\n".join(capture.raw))
                written.sightings.append(Sighting(capture.name, user.tenant.id, found))
        return written

    def _stories(self, world: World, written: Written) -> list[Finding]:
        # A run is judged by the scenario in which it took place: the operator is there in many of them, and what an
        # exclusive one destroys on purpose is not a later one's.
        before = self._judged
        self._judged = before | {run.id for run in written.runs}
        if world.broken_stories or not self._judged - before:
            return []

        def broken(runs: Iterable[StoredRun], told: Iterable[Event]) -> list[str]:
            return broken_stories([run for run in runs if run.id not in before], told)

        found = broken(written.runs, written.events)
        # A run's end leaves through the outbox, a moment after its status is stored.
        deadline = Deadline(_SETTLING)
        while found and not deadline.passed:
            pause(0.02)
            found = broken(*self.observers.stories(_present(world)))
        return [Finding("story oracle", BrokenStory("; ".join(found)))] if found else []

    def _canary(self, world: World, written: Written) -> list[Finding]:
        found = leaks(written.sightings, self._markers)
        if found:
            return [Finding("leak canary", Leak("; ".join(found[:10])))]
        blind = unseen(world.shown_markers, written.sightings, self._markers)
        if blind:
            return [Finding("leak canary", NotShown(f"it is blind: {', '.join(blind)} was stored and not seen"))]
        return []


def _endpoints(addresses: Addresses) -> Endpoints:
    return Endpoints(
        addresses.auth_url, addresses.backend_url, f"{addresses.backend_ws_url}/v1/events", addresses.analytics_url
    )


def _present(world: World) -> dict[str, str]:
    return {user.id: user.tenant.id for user in world.users if user.known}


def _traces(world: World) -> dict[str, str]:
    return {run.trace_id: run.user.tenant.id for run in world.runs}
