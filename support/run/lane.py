"""One lane of a run: a process with a stack of its own that plays what it is given, one scenario after the other.

It is forked from the run once features and steps are loaded, so nothing is read twice. The run asks through a
connection; what it asks for, and what comes back, are plain values.
"""

import gc
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from support.refusal import Refusal
from support.run import paths, replaying, session
from support.run.bug_report import bug_report
from support.run.orders import LoadDefect, Play, Played, Ready, RecordAs, Refused
from support.run.recording import record_of, without_evidence
from support.scenario.evidence import write_evidence
from support.scenario.verdict import Verdict
from support.settings import Settings


class Interrupted(KeyboardInterrupt):
    """The run told the lane to stop at once. In a step behave takes it for what it is: the user's Ctrl-C."""


class Lane:
    """The inside of a lane's process. It can be interrupted where it waits and in a scenario's steps, not between."""

    def __init__(self, runner: Any, scenarios: Mapping[int, Any], connection: Connection) -> None:
        self._runner = runner
        self._scenarios = scenarios
        self._connection = connection
        self._interruptible = False
        self._interrupted = False

    def serve(self) -> None:
        """Start the stack, do what is asked for until nothing more is, and leave nothing behind."""
        signal.signal(signal.SIGTERM, self._interrupt)
        try:
            with self._interruptions(allowed=True):
                self._runner.run_hook("before_all")
            # What is loaded stays. To look through all of it again and again would stop the observer each time.
            gc.collect()
            gc.freeze()
            aborted = self._runner.aborted
            self._connection.send(Refused("the hook before_all failed") if aborted else Ready(session.version()))
            while not self._runner.aborted:
                with self._interruptions(allowed=True):
                    order = self._connection.recv()
                if order is None:
                    break
                self._connection.send(self._carry_out(order))
        except Refusal as refusal:
            self._connection.send(Refused(str(refusal)))
        except (EOFError, Interrupted):
            pass
        finally:
            self._runner.run_hook("after_all")
            self._runner.context._do_remaining_cleanups()

    def undisturbed(self) -> AbstractContextManager[None]:
        """What is undone and examined after a scenario is so to its end, whoever interrupts."""
        return self._interruptions(allowed=False)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
        if self._interruptible:
            raise Interrupted

    @contextmanager
    def _interruptions(self, *, allowed: bool) -> Iterator[None]:
        if allowed and self._interrupted:
            raise Interrupted
        before, self._interruptible = self._interruptible, allowed
        try:
            yield
        finally:
            self._interruptible = before

    def _carry_out(self, order: Any) -> Any:
        if isinstance(order, LoadDefect | RecordAs):
            try:
                if isinstance(order, LoadDefect):
                    session.load_defect(order.service, order.defect, order.catalogue)
                else:
                    session.present().record_as(order.folder, order.name)
            except Refusal as refusal:
                return Refused(str(refusal))
            return Ready()
        assert isinstance(order, Play)
        return self._play(order)

    def _play(self, order: Play) -> Played:
        runner, scenario = self._runner, self._scenarios[order.index]
        scenario.reset()
        scenario.aftermath = None
        began = time.monotonic()
        with _in_feature(runner.context, scenario), self._interruptions(allowed=True):
            scenario.run(runner)
        target = runner.target
        record = record_of(scenario, scenario.aftermath).took(time.monotonic() - began)
        record = record.judged_by(target.known).played_with(target.capabilities)
        unwritten = ""
        if record.evidence:
            settings = Settings.from_userdata(runner.config.userdata)
            reports = order.reports or settings.reports
            report = record.to_json() | scenario.aftermath.evidence.report(scenario.aftermath)
            report |= {"settings": settings.repeated(), "platform": target.described(session.version())}
            file = reports / record.evidence
            try:
                shown = write_evidence(file, report)
                if record.verdict is Verdict.VIOLATED:
                    file.with_suffix(".md").write_text(bug_report(shown, paths.from_checkout(file)), "utf-8")
            except OSError as error:
                unwritten = f"evidence cannot be written to {reports}: {error.strerror}"
                record = without_evidence(record, unwritten)
        return Played(record, replaying.model_of(scenario), unwritten)


@contextmanager
def _in_feature(context: Any, scenario: Any) -> Iterator[None]:
    """The layers of behave's context that a scenario finds when its feature is run as a whole."""
    layers: list[Any] = []
    above = scenario.parent
    while above is not None:
        if above.type in ("feature", "rule"):
            layers.insert(0, above)
        above = above.parent
    for layer in layers:
        context._push(layer=layer.type)
        layer._setup_context_for_run(context)
    try:
        yield
    finally:
        for _ in layers:
            context._pop()
