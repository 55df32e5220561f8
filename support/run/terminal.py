"""What a run shows on the terminal: how far it is, each feature once it is done, and what went wrong."""

import shutil
import time
from collections.abc import Iterable, Sequence
from typing import Any

from behave.formatter.base import StreamOpener

from support.reported import reported
from support.run.bug_report import command
from support.run.paths import shown
from support.run.plan import Planned, makespan
from support.run.record import ScenarioRecord
from support.run.reporting import counts
from support.run.results import closing
from support.run.state import State, worst
from support.run.told import Told
from support.settings import Settings
from support.surroundings import has_dumb_terminal, wants_no_colours

_GREEN, _RED, _YELLOW, _DIM, _BOLD, _PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[1m", "\033[0m"
_SHOWN_LINES = 14
_SHOWN_WIDTH = 200
_LONGEST_LINE = 600
_SAY_SECONDS = 30.0
"""How often one who does not look at a terminal, but at a log, is told how far the run is."""


class Terminal(Told):
    """Progress, and at the end what went wrong: promise, reason, last observations, where the evidence lies.

    The run tells it directly of what happens in its lanes; of behave's events only a dry run's count.
    """

    name = "acceptance"
    description = "Progress by promise, failures with their reason and evidence"

    def __init__(self, stream_opener: StreamOpener, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.open()
        self.settings = Settings.from_userdata(config.userdata)
        is_terminal = bool(self.stream.isatty()) if hasattr(self.stream, "isatty") else False
        self._live = is_terminal and not has_dumb_terminal()
        self._colour = self._live and config.has_colored_mode() and not wants_no_colours()
        self._records: dict[int, ScenarioRecord] = {}
        self._features: dict[str, list[Planned]] = {}
        self._playing: dict[int, Planned] = {}
        self._to_come: dict[int, Planned] = {}
        self._lanes = 1
        self._selected = 0
        self._started = time.monotonic()
        self._said = self._started
        # What was played so far: seconds expected, and seconds taken.
        self._expected, self._took = 0.0, 0.0

    # -- behave's events ----------------------------------------------------------------------------------------

    def scenario(self, scenario: Any) -> None:
        """A scenario begins; told by behave in a dry run alone."""
        if self.config.dry_run:
            self._selected += 1

    # -- the run's events ---------------------------------------------------------------------------------------

    def begin(self, planned: Sequence[Planned], lanes: int) -> None:
        """The run begins: what it will play, in how many lanes."""
        self._to_come = {one.index: one for one in planned}
        self._lanes = lanes
        for one in planned:
            self._features.setdefault(one.scenario.filename, []).append(one)
        self._started = self._said = time.monotonic()

    def note(self, text: str) -> None:
        """Something about a lane that readers should know."""
        self._line(text)

    def starting(self, text: str) -> None:
        """What the start of a stack is at; shown while nothing else is."""
        if self._live and not self._playing:
            self._status(text)

    def played(self, lane: int, one: Planned) -> None:
        """A lane has begun a scenario."""
        self._playing[lane] = one
        self._show_progress()

    def finished(self, index: int, record: ScenarioRecord) -> None:
        """A scenario has ended, or will not be played."""
        self._records[index] = record
        done = self._to_come.pop(index)
        self._expected += done.seconds
        self._took += record.seconds
        self._playing = {lane: one for lane, one in self._playing.items() if one.index != index}
        feature = self._features[done.scenario.filename]
        if all(one.index in self._records for one in feature):
            self._feature([self._records[one.index] for one in feature])
        self._show_progress()

    def close(self) -> None:
        """Say how the run went."""
        self._clear()
        records = [self._records[index] for index in sorted(self._records)]
        for record in records:
            if _mark(record) == "✗":
                self._failure(record)
        for record in records:
            if record.known:
                place = f"{shown(record.file, self.config)}:{record.line}"
                self._line(f"known: {record.promise} {record.scenario} ({place}): {record.known}")
        self._left_out(records)
        if self.config.dry_run:
            self._line(f"{self._selected} scenarios are selected; none was run")
        elif self._features:
            self._summary(records)
        self.close_stream()

    # -- while it goes on ---------------------------------------------------------------------------------------

    def _show_progress(self) -> None:
        total = len(self._records) + len(self._to_come)
        red = sum(_mark(record) == "✗" for record in self._records.values())
        # What is being played counts as half done.
        halves = {one.index for one in self._playing.values()}
        expected = (one.seconds / 2 if one.index in halves else one.seconds for one in self._to_come.values())
        left = makespan(expected, self._lanes) * self._pace
        said = f"{len(self._records)} of {total} played, {red} red, about {left:.0f} s left"
        if self._live:
            self._status(f"{said}: {' | '.join(reported(one.scenario.name) for one in self._playing.values())}")
        elif self._to_come and time.monotonic() - self._said > _SAY_SECONDS:
            self._said = time.monotonic()
            self._line(f"... {said}")

    @property
    def _pace(self) -> float:
        """How much longer everything takes here, now, than the durations say."""
        return max(1.0, self._took / self._expected) if self._expected else 1.0

    def _feature(self, records: Sequence[ScenarioRecord]) -> None:
        seen = counts(records)
        seconds = sum(record.duration_seconds for record in records)
        if not self._live:
            marks = "".join(_mark(record) for record in records)
            place = shown(records[0].file, self.config)
            self._line(f"{'ok    ' if not seen['failed'] else 'FAILED'} {place} {marks} {seconds:.1f} s")
            return
        self._clear()
        self._line(self._paint(records[0].feature, _BOLD))
        shown_rule = ""
        for record in records:
            rule = f"{record.promise} {record.rule}".strip()
            if rule and rule != shown_rule:
                shown_rule = rule
                self._line(f"  {self._paint(rule, _DIM)}")
            mark = _mark(record)
            colour = {"✓": _GREEN, "✗": _RED}.get(mark, _YELLOW)
            lasted = self._paint(f"{record.duration_seconds:.1f} s", _DIM)
            self._line(f"    {self._paint(mark, colour)} {record.scenario} {lasted}")

    # -- at the end ---------------------------------------------------------------------------------------------

    def _failure(self, record: ScenarioRecord) -> None:
        self._line()
        title = f"✗ {record.promise} {record.rule}" if record.promise else f"✗ {record.rule}"
        self._line(self._paint(title.rstrip(), _RED + _BOLD))
        self._line(f"  scenario: {record.scenario} ({shown(record.file, self.config)}:{record.line})")
        self._line(f"  {_verdict(record)} at: {record.failed_step or 'no step'}")
        reason = str(record.reason).strip().splitlines()
        for line in reason[:_SHOWN_LINES]:
            self._line(f"    {line}")
        if len(reason) > _SHOWN_LINES:
            self._line(f"    ... ({len(reason)} lines, all in the evidence)")
        if record.observations:
            self._line("  last observations:")
        for seen in record.observations:
            observed = seen["observed"].replace("\n", " ")
            self._line(f"    {seen['seconds']:.3f} s: {seen['expected'][:120]}: {observed[:_SHOWN_WIDTH]}")
        for use in record.budgets:
            self._line(f"  budget {use['budget']!r}: {use['share']:.0%} used of {use['limit']:g} {use['unit']}")
        if record.evidence:
            evidence = shown(self.settings.reports / record.evidence, self.config)
            self._line(f"  evidence: {evidence}")
            self._line(f"  to repeat only this: {command(evidence)}")

    def _left_out(self, records: Sequence[ScenarioRecord]) -> None:
        """What was not played: a line for each reason, since one may concern many."""
        by_reason: dict[tuple[State, str], list[ScenarioRecord]] = {}
        for record in records:
            if record.status == "skipped":
                by_reason.setdefault((record.state, record.reason), []).append(record)
        for (state, reason), left_out in by_reason.items():
            first = left_out[0]
            place = f"{first.scenario.strip()} ({shown(first.file, self.config)}:{first.line})"
            more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
            self._line(f"{state.said}: {place}{more}: {reason}")

    def _summary(self, records: Sequence[ScenarioRecord]) -> None:
        promises = _by_promise(records)
        self._line()
        if set(promises) - {State.PROVEN}:
            for state, ids in promises.items():
                self._line(f"{state.said:<16} {len(ids):>3}  {' '.join(ids)}")
        seen = ", ".join(f"{len(ids)} {state.said}" for state, ids in promises.items())
        number = sum(map(len, promises.values()))
        lanes = f" in {self._lanes} lanes" if self._lanes > 1 else ""
        self._line(
            f"{number} promise{'s' if number != 1 else ''}: {seen or 'nothing shown'} "
            f"in {time.monotonic() - self._started:.1f} s{lanes}; "
            f"read {shown(self.settings.reports / 'index.html', self.config)}"
        )
        self._line(closing(**counts(records)))

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._colour else text

    def _status(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self.stream.write(f"\r\033[K{text[:width]}")
        self.stream.flush()

    def _clear(self) -> None:
        if self._live:
            self.stream.write("\r\033[K")

    def _line(self, text: str = "") -> None:
        shown = text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]} ... ({len(text)} characters)"
        self.stream.write(f"{shown}\n")
        self.stream.flush()


def _verdict(record: ScenarioRecord) -> str:
    return record.verdict.value if record.verdict else "skipped"


def _mark(record: ScenarioRecord) -> str:
    """One character; whatever needs to be looked at is a cross."""
    return "✗" if record.state.is_red else record.state.mark


def _by_promise(records: Iterable[ScenarioRecord]) -> dict[State, list[str]]:
    """The promises in each state, the worst first; what has no ID is known by its rule."""
    states: dict[str, set[State]] = {}
    for record in records:
        states.setdefault(record.promise or record.rule or record.feature, set()).add(record.state)
    found: dict[State, list[str]] = {}
    for promise in sorted(states):
        found.setdefault(worst(states[promise]), []).append(promise)
    return {state: found[state] for state in State if state in found}
