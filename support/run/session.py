"""One run of the suite: the stack it plays on, and the worlds of its scenarios."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from support.cloud.inventory import CloudAccounts
from support.platform.capabilities import Capability, missing
from support.platform.components import Component
from support.platform.driver import Anyone
from support.platform.target import Target
from support.refusal import Refusal
from support.run.examination import Examination
from support.run.headcount import Headcount
from support.run.orders import DRIVER
from support.run.starting import stack_of
from support.scenario import pulse, services
from support.scenario.bookkeeping import Books
from support.scenario.evidence import Aftermath, Evidence, Finding, Subject
from support.scenario.faults import Faults
from support.scenario.partner import Partner
from support.scenario.undo import NotUndone, UndoStack
from support.scenario.users import Users
from support.scenario.waiting import Deadline, pause
from support.scenario.world import World
from support.settings import CHECKOUT, Settings, prepare_reports
from support.stack.apex import CATALOGUE, INSTANCES, SPARES
from support.stack.client import Stack, StackError
from support.stack.programs import Programs
from support.stores import logs, schema
from support.stores.observers import Observers, Written

_HEEDING_SECONDS = 10.0
_LOGGING = (Component.API, Component.WORKERS)
"""Whose logs tell of a request."""


@dataclass(slots=True)
class Session:
    """The stack of a run and everything that is kept from one scenario to the next."""

    settings: Settings
    target: Target
    stack: Stack
    observers: Observers
    examination: Examination
    cloud: CloudAccounts
    programs: Programs
    version: str = ""
    """What the platform says that its version is."""
    has_suffered: bool = False
    """Whether a fault has turned the last scenario red: the platform may bear its mark for a while."""
    sound_schema: str = ""
    """The digest of the database's schema before any defect was loaded."""

    @classmethod
    def open(cls, settings: Settings, progress: Callable[[str], None]) -> "Session":
        """Start the stack, or attach to a kept one.

        :raises Refusal: reports cannot be written, or the stack does not start; one clear line.
        """
        prepare_reports(settings)
        target = Target.load(settings.target, settings.mode)
        pulse.of_this_process()
        try:
            stack = stack_of(settings, progress)
        except StackError as error:
            raise Refusal(str(error)) from None
        observers = Observers(stack.addresses, target.driver_class.dialect, target.ownership)
        cloud = CloudAccounts(stack.addresses.cloud_url)
        examination = Examination(target, observers, observers.every_run())
        if Capability.OPERATOR in target.capabilities:
            examination.connections = Headcount(target.driver(stack.addresses), stack.addresses)
            examination.connected = examination.connections()
        version = target.driver(stack.addresses).version()
        return cls(settings, target, stack, observers, examination, cloud, Programs(CHECKOUT), version)

    def close(self) -> None:
        """End the run: a kept stack goes on, and one of somebody else's; any other ends."""
        self.observers.close()
        self.programs.close()
        self.stack.close()

    def restart_with(self, service: str, defect: str | None, catalogue: str = CATALOGUE) -> None:
        """Restart all instances of a service of the platform at once, with a seeded defect or sound (None).

        :raises Refusal: one of them does not come back.
        """
        if service == DRIVER:
            try:
                self.stack.spoil(defect or "")
            except StackError as error:
                raise Refusal(str(error)) from None
            return
        self.has_suffered = False
        self.sound_schema = self.sound_schema or schema.digest(self.stack.addresses)
        # A secret that the former defect has written to a log would be found again with the next one.
        for log in self.stack.addresses.log_dir.glob("*.log"):
            os.truncate(log, 0)
        arguments = ["--catalogue", catalogue, "--defect", defect] if defect else []
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

    def bears_marks(self) -> bool:
        """Whether a defect has changed the database's schema, which no restart of a service brings back, or the
        database does not answer.
        """
        if not self.sound_schema:
            return False
        try:
            return schema.digest(self.stack.addresses) != self.sound_schema
        except psycopg.Error:
            return True

    def record_as(self, folder: Path, name: str) -> None:
        """Have all recorders note lines under this name from now on.

        :raises Refusal: one of them does not heed it.
        """
        (folder / "scenario").write_text(name, "utf-8")
        platform = {*INSTANCES, *SPARES}
        pids = [each.pid for each in self.stack.services() if each.pid and each.name in platform]
        seen = [folder / f"seen.{pid}" for pid in pids]
        for pid in pids:
            os.kill(pid, signal.SIGUSR1)
        deadline = Deadline(_HEEDING_SECONDS)
        while not all(file.is_file() and file.read_text("utf-8") == name for file in seen):
            if deadline.passed:
                raise Refusal(f"not every process of the platform records what it runs through, into {folder}")
            pause(0.01)

    def missing(self, tags: Sequence[str]) -> str | None:
        """Why a scenario with these tags cannot be played here, or None.

        :raises UnknownCapability: a ``@needs.`` tag names none.
        """
        off = dict(self.target.off)
        if self.settings.services == "external":
            off[Capability.OWN_STORES] = "the run did not start them: -D services=external"
        if self.settings.services != "embedded":
            off[Capability.REPLICA] = f"only of servers that run here: -D services={self.settings.services}"
        return missing(tags, self.target.name, self.target.capabilities - off.keys(), off)

    # -- one scenario -------------------------------------------------------------------------------------------

    def begin(self, subject: Subject) -> World:
        """The world of a scenario that is about to begin."""
        if self.has_suffered:
            self._begin_anew()
        addresses = self.stack.addresses
        evidence = Evidence(subject)
        undo = UndoStack()
        books = Books()
        platform = books.keeping(self.target.driver(addresses, evidence.request))
        return World(
            settings=self.settings,
            target=self.target,
            platform=platform,
            addresses=addresses,
            stack=self.stack,
            cloud=self.cloud,
            programs=self.programs,
            users=Users(platform, addresses.operator_email, addresses.operator_password),
            faults=Faults(self.stack, self.target, undo, evidence, exclusive="exclusive" in subject.tags),
            partner=Partner(addresses.partner_control_url, addresses.partner_control_token, undo),
            evidence=evidence,
            undo=undo,
            books=books,
        )

    def finish(self, world: World) -> Aftermath:
        """Undo what the scenario did, and check what it left."""
        findings = []
        world.evidence.note("the steps have ended, the checks after them begin")
        self._mend(world)
        left_over = world.undo.run_all()
        if left_over:
            findings.append(Finding("undo", NotUndone(left_over)))
        written = Written()
        try:
            written, found = self.examination.of(world)
            findings += found
        except Exception as error:  # an observer that cannot see makes the scenario inconclusive
            findings.append(Finding("observers", error))
        self.has_suffered = world.faults.was_felt and world.evidence.shows_violation
        world.users.close()
        for capture in (capture for user in world.users for capture in user.captures):
            world.evidence.stream(capture.name, capture.raw)
        if Capability.TRACES in self.target.capabilities:
            log_lines = logs.of_traces(written.lines, world.evidence.trace_ids)
        else:
            own = [self.target.parts[each].logs for each in _LOGGING if each in self.target.parts]
            log_lines = logs.of_services(written.lines, own, world.evidence.started_wall)
        suspended = pulse.of_this_process().suspended(world.evidence.started_at - pulse.RECOVERY_SECONDS)
        return Aftermath(world.evidence, findings, world.budgets.uses, log_lines, suspended)

    def _begin_anew(self) -> None:
        """Start the platform's services again: what a fault has left behind in them is nothing to judge others by."""
        self.has_suffered = False
        for name in self.target.instances:
            self.stack.restart(name)

    def _mend(self, world: World) -> None:
        """Start again what no longer serves although nobody broke it: the next scenario is to judge a whole platform.

        One cheap request tells; only without its answer is each service looked at. What is about to end still answers.
        """
        broken = set(services.doomed(world))
        if not self.target.driver(self.stack.addresses).is_alive(Anyone()).done:
            broken.update(services.dead(world))
        for name in sorted(broken):
            self.stack.kill(name)
            self.stack.start_service(name)
            world.evidence.note("started again, it did not serve any more", service=name)


_current: Session | None = None


def begin_run(settings: Settings, progress: Callable[[str], None]) -> None:
    """Open the session of this process; :class:`Refusal` when there cannot be one."""
    global _current
    _current = Session.open(settings, progress)


def present() -> Session:
    """The session of this process."""
    assert _current is not None, "the run has begun"
    return _current


def load_defect(service: str, defect: str | None, catalogue: str) -> None:
    """Have a service run with a seeded defect or sound (None), on a new stack where the one before bears marks.

    :raises Refusal: it does not come back, or there is no new stack.
    """
    if service != DRIVER and present().bears_marks():
        settings = present().settings
        end_run()
        begin_run(settings, lambda _: None)
    present().restart_with(service, defect, catalogue)


def version() -> str:
    """What the platform of this process says that its version is; "" without one."""
    return _current.version if _current else ""


def end_run() -> None:
    """Close the session of this process, if one was opened."""
    global _current
    if _current is not None:
        _current.close()
        _current = None
