"""One run of the suite: the stack it plays on, the worlds of its scenarios, and what is examined after each."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache

from support.cloud.inventory import CloudAccounts
from support.matchers.schema import breaches_of
from support.oracles.answers import Published, WrongAnswer, wrong_answers
from support.oracles.canary import Leak, Sighting, leaks, markers_in, unseen
from support.oracles.identities import (
    Cause,
    Check,
    WrongIdentity,
    unpublished_frames,
    wrong_identities,
    wrong_log_lines,
)
from support.oracles.records import DifferentRecords, different_records, read_otherwise, told_otherwise
from support.oracles.resources import NotGivenBack, not_given_back
from support.oracles.story import BrokenStory, StoredRun, broken_stories
from support.platform.capabilities import Capability, missing
from support.platform.components import Component
from support.platform.contract import schemas_of_frames
from support.platform.story import Event
from support.platform.target import Target
from support.refusal import Refusal
from support.run.starting import stack_of
from support.scenario import pulse
from support.scenario.evidence import Aftermath, Evidence, Finding, Subject
from support.scenario.faults import Faults
from support.scenario.partner import Partner
from support.scenario.undo import NotUndone, UndoStack
from support.scenario.users import Users
from support.scenario.verdict import NotShown
from support.scenario.waiting import Deadline, pause
from support.scenario.world import World
from support.settings import Settings, prepare_reports
from support.stack.apex import CATALOGUE
from support.stack.client import Stack, StackError
from support.stores import logs
from support.stores.observers import Observers, Written

_SETTLING = 3.0
_READ_AGAIN = 3


@dataclass(slots=True)
class Session:
    """The stack of a run and everything that is kept from one scenario to the next."""

    settings: Settings
    target: Target
    stack: Stack
    observers: Observers
    cloud: CloudAccounts
    _markers: dict[str, str] = field(default_factory=dict)
    _people: dict[str, str] = field(default_factory=dict)
    _judged: frozenset[str] = frozenset()
    """The runs that took place in scenarios before."""
    _published: Published | None = None

    @classmethod
    def open(cls, settings: Settings, progress: Callable[[str], None]) -> "Session":
        """Start the stack, or attach to a kept one.

        :raises Refusal: reports cannot be written, or the stack does not start; one clear line.
        """
        prepare_reports(settings)
        target = Target.load(settings.target)
        pulse.of_this_process()
        try:
            stack = stack_of(settings, progress)
        except StackError as error:
            raise Refusal(str(error)) from None
        observers = Observers(stack.addresses, target.driver_class.dialect, target.owner_column)
        cloud = CloudAccounts(stack.addresses.cloud_url)
        return cls(settings, target, stack, observers, cloud, _judged=observers.every_run())

    def close(self) -> None:
        """End the run: a kept stack goes on, and one of somebody else's; any other ends."""
        self.observers.close()
        self.stack.close()

    def load_defect(self, service: str, defect: str | None) -> None:
        """Restart all instances of a service of the platform at once, with a seeded defect or sound (None).

        :raises Refusal: one of them does not come back.
        """
        arguments = ["--catalogue", CATALOGUE, "--defect", defect] if defect else []
        instances = [
            status.name
            for status in self.stack.services()
            # A spare starts with the defect of its twin.
            if status.twin is None and (status.name == service or status.name.startswith(f"{service}-"))
        ]
        try:
            with ThreadPoolExecutor(len(instances)) as together:
                list(together.map(lambda name: self.stack.restart(name, extra_args=arguments), instances))
        except StackError as error:
            raise Refusal(str(error)) from None

    def missing(self, tags: Sequence[str]) -> str | None:
        """Why a scenario with these tags cannot be played here, or None.

        :raises UnknownCapability: a ``@needs.`` tag names none.
        """
        return missing(tags, self.target.name, self.target.capabilities)

    # -- one scenario -------------------------------------------------------------------------------------------

    def begin(self, subject: Subject) -> World:
        """The world of a scenario that is about to begin."""
        addresses = self.stack.addresses
        evidence = Evidence(subject)
        undo = UndoStack()
        platform = self.target.driver(addresses, evidence.request)
        return World(
            settings=self.settings,
            target=self.target,
            platform=platform,
            addresses=addresses,
            stack=self.stack,
            cloud=self.cloud,
            users=Users(platform, addresses.operator_email, addresses.operator_password),
            faults=Faults(self.stack, self.target, undo, evidence, exclusive="exclusive" in subject.tags),
            partner=Partner(addresses.partner_control_url, addresses.partner_control_token, undo),
            evidence=evidence,
            undo=undo,
        )

    def finish(self, world: World) -> Aftermath:
        """Undo what the scenario did, and check what it left."""
        findings = []
        left_over = world.undo.run_all()
        if left_over:
            findings.append(Finding("undo", NotUndone(left_over)))
        written = Written()
        try:
            written = self._look(world)
            findings += self._stories(world, written)
            findings += self._answers(world)
            findings += self._identities(world, written)
            findings += self._resources()
            findings += self._canary(world, written)
        except Exception as error:  # an observer that cannot see makes the scenario inconclusive
            findings.append(Finding("observers", error))
        world.users.close()
        log_lines = logs.of_traces(written.lines, world.evidence.trace_ids)
        suspended = pulse.of_this_process().suspended(world.evidence.started_at - pulse.RECOVERY_SECONDS)
        return Aftermath(world.evidence, findings, world.budgets.uses, log_lines, suspended)

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
        mine = self._judged - before
        if not mine:
            return []

        def broken(every: Iterable[StoredRun], told: Sequence[Event]) -> tuple[list[str], list[str]]:
            runs = [run for run in every if run.id in mine]
            stories = [] if world.broken_stories else broken_stories(runs, told)
            return stories, different_records(runs, self.observers.jobs(mine)) + told_otherwise(runs, told)

        stories, records = broken(written.runs, written.events)
        # A run's end leaves through the outbox, a moment after its status is stored.
        deadline = Deadline(_SETTLING)
        while (stories or records) and not deadline.passed:
            pause(0.02)
            stories, records = broken(*self.observers.stories(_present(world)))
        records += self._reads(world)
        return [
            *([Finding("story oracle", BrokenStory("; ".join(stories[:10])))] if stories else []),
            *([Finding("records oracle", DifferentRecords("; ".join(records[:10])))] if records else []),
        ]

    def _reads(self, world: World) -> list[str]:
        """What the last runs' owners read of them now, where they still may."""
        handles = {run.run_id: run for run in world.runs[-_READ_AGAIN:]}
        stored = [run for run in self.observers.runs(_present(world)) if run.id in handles and run.has_ended]
        found = []
        for run in stored:
            read = world.platform.run(handles[run.id].user, run.id)
            if read.done:
                found += read_otherwise(read.value, run)
        return found

    def _answers(self, world: World) -> list[Finding]:
        answers = world.evidence.answers
        if not answers:
            return []
        if self._published is None and Capability.PUBLISHED_API in self.target.capabilities:
            documents = self.target.driver(self.stack.addresses).documents()
            self._published = Published(document.require() for document in documents.values())
        own = {run.request_id for run in world.runs if run.request_id}
        secret = self.target.endpoints.groups.get("give_secrets", frozenset())
        found = wrong_answers(answers, self._published, own, secret)
        return [Finding("answers oracle", WrongAnswer("; ".join(found[:10])))] if found else []

    def _identities(self, world: World, written: Written) -> list[Finding]:
        causes = {
            run.run_id: Cause(run.user.id, run.thread_id, run.request_id, run.trace_id or None) for run in world.runs
        }
        found = wrong_identities(written.events, causes)
        owners = {run.id: {"user_id": run.user_id, "tenant_id": run.tenant_id} for run in written.runs}
        workers = self.target.part(Component.WORKERS).logs
        told = (line.text for line in written.lines if fnmatch(line.service, workers))
        found += wrong_log_lines(told, owners)
        for user in world.users:
            for capture in user.captures:
                found += wrong_identities(capture.events, causes)
                found += unpublished_frames(capture.raw, _checks_of_frames())
        return [Finding("identities oracle", WrongIdentity("; ".join(found[:10])))] if found else []

    def _resources(self) -> list[Finding]:
        found = not_given_back(self.observers.sessions(), self.target.instances)
        deadline = Deadline(_SETTLING)
        while found and not deadline.passed:
            pause(0.05)
            found = not_given_back(self.observers.sessions(), self.target.instances)
        return [Finding("resources oracle", NotGivenBack("; ".join(found)))] if found else []

    def _canary(self, world: World, written: Written) -> list[Finding]:
        found = leaks(written.sightings, self._markers)
        if found:
            return [Finding("leak canary", Leak("; ".join(found[:10])))]
        blind = unseen(world.shown_markers, written.sightings, self._markers)
        if blind:
            return [Finding("leak canary", NotShown(f"it is blind: {', '.join(blind)} was stored and not seen"))]
        return []


@cache
def _checks_of_frames() -> dict[str, Check]:
    return {type: breaches_of(schema) for type, schema in schemas_of_frames().items()}


def _present(world: World) -> dict[str, str]:
    return {user.id: user.tenant.id for user in world.users if user.known}


def _traces(world: World) -> dict[str, str]:
    return {run.trace_id: run.user.tenant.id for run in world.runs}


_current: Session | None = None


def begin_run(settings: Settings, progress: Callable[[str], None]) -> None:
    """Open the session of this process; :class:`Refusal` when there cannot be one."""
    global _current
    _current = Session.open(settings, progress)


def present() -> Session:
    """The session of this process."""
    assert _current is not None, "the run has begun"
    return _current


def end_run() -> None:
    """Close the session of this process, if one was opened."""
    global _current
    if _current is not None:
        _current.close()
        _current = None
