"""behave's runner for this suite: refuses bad input in one line, shuffles, and plays the scenarios in lanes."""

import difflib
import os
import random
import re
import shutil
import signal
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from importlib import import_module
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behave.formatter._registry import make_formatters
from behave.matchers import NoMatch
from behave.model_type import Status
from behave.parser import ParserError
from behave.reporter.junit import JUnitReporter
from behave.runner import Context, Runner, the_step_registry
from behave.runner_util import parse_features

from support.refusal import Refusal
from support.run import capacity, durations, replaying, starting
from support.run.lanes import Lanes
from support.run.plan import Planned, in_turn, shard, worthwhile_lanes
from support.run.play import Playing
from support.run.record import ScenarioRecord
from support.run.recording import record_not_run
from support.run.reporting import Reporting
from support.run.showing import Showing, complain
from support.run.terminal import Terminal
from support.settings import CHECKOUT, Settings, prepare_reports

if TYPE_CHECKING:
    from support.run.lane import Lane

_PROMISES = CHECKOUT / "support" / "promises.toml"
_JUNIT_OF_BEHAVE_INI = "reports/junit"


class AcceptanceRunner(Runner):  # type: ignore[misc]  # behave has no type marker
    """Runs the features; behave.ini names it."""

    step_registry: Any
    lane: "Lane | None" = None
    """The lane that this process is; None in the run itself."""

    def run(self) -> bool:
        """Run everything; true when something failed."""
        try:
            return bool(super().run())
        except Refusal as refusal:
            return _refused(str(refusal))
        except ParserError as error:
            return _refused(syntax_error(error))
        except KeyboardInterrupt:
            return _refused("interrupted before the first scenario")
        finally:
            starting.abandon()

    def run_with_paths(self) -> bool:
        """As behave has it, but the features come first: once they are known to be good the hook `before_steps`, one of
        this suite's own, can begin to start a stack. Loading the steps takes about as long as the stores need.
        """
        self.context = Context(self)
        settings = Settings.from_userdata(self.config.userdata)
        _refuse_unknown_promises(str(self.config.tag_expression))
        self.load_features()
        _refuse_empty_outlines(self.features)
        _refuse_empty_selection(self.features, self.config)
        if settings.order.seed is not None:
            _shuffle(self.features, random.Random(settings.order.seed))
        if not self.config.dry_run:
            self._planned = self.plan(settings)
            self._lanes = self.lanes_for(settings, self._planned)
            _clear(settings)
        self.load_hooks()
        if not self.config.dry_run and "before_steps" in self.hooks:
            self.hooks["before_steps"](self._settings_of_lane(settings, 1))
        self.load_code()
        self.formatters = make_formatters(self.config, self.config.outputs)
        return self.run_model()

    def run_model(self, features: Any = None) -> bool:
        # Ours is written from the records of the run.
        self.config.reporters = [one for one in self.config.reporters if not isinstance(one, JUnitReporter)]
        if self.config.dry_run:
            # Nothing is run, so there is nothing to report: old results stay what they are.
            self.config.reporters.clear()
            return bool(super().run_model(features))
        return self._play(Settings.from_userdata(self.config.userdata))

    def load_features(self) -> None:
        """Read the features that the command line names."""
        places = [place for place in self.feature_locations() if not self.config.exclude(place)]
        self.features.extend(parse_features(places, language=self.config.lang))

    def load_code(self) -> None:
        """Load the steps, and what lanes will need: a lane is forked from here."""
        with redirect_stdout(StringIO()):
            # behave says how it looks for steps, which concerns nobody here.
            self.load_step_definitions()
        self.step_registry = the_step_registry
        import_module("support.run.lane")

    def run_hook(self, hook_name: str, *args: Any) -> bool:
        if hook_name == "before_all" and self.should_run_hook(hook_name):
            # behave would report a refusal as an error of the hook, then as "aborted by user".
            with self.context.use_with_user_mode():
                self.hooks[hook_name](self.context)
            return True
        is_undone = hook_name == "after_scenario"
        with self.lane.undisturbed() if self.lane is not None and is_undone else nullcontext():
            return bool(super().run_hook(hook_name, *args))

    # -- the run ------------------------------------------------------------------------------------------------

    def plan(self, settings: Settings) -> list[Planned]:
        """What is to be played, in the order of the run: what is selected, or the shard of it.

        :raises Refusal: the shard is empty.
        """
        known = durations.known(settings.reports / "durations.json")
        selected = [scenario for scenario in _scenarios(self.features) if scenario.should_run(self.config)]
        if settings.shard is None:
            return [Planned.of(index, scenario, known) for index, scenario in enumerate(selected)]
        # Every machine must cut alike, so what was measured on one of them does not count.
        agreed = durations.recorded()
        everything = [Planned.of(index, scenario, agreed) for index, scenario in enumerate(selected)]
        part = shard(everything, settings.shard.part, settings.shard.parts)
        if not part:
            raise Refusal(f"shard {settings.shard} has no scenario: {len(selected)} are selected")
        return [Planned.of(one.index, one.scenario, known) for one in part]

    def lanes_for(self, settings: Settings, planned: Sequence[Planned]) -> int:
        """How many lanes play the plan.

        :raises Refusal: more were asked for than memory allows, or than one stack serves.
        """
        # behave's own --jobs holds unless the setting, which also knows auto, says otherwise.
        asked = settings.jobs if "jobs" in self.config.userdata else int(self.config.jobs)
        if settings.stack != "fresh":
            if asked is not None and asked > 1:
                raise Refusal(f"-D stack={settings.stack} serves one lane; leave out --jobs, or the stack")
            return 1
        if asked is not None:
            capacity.refuse_too_many(asked)
            return min(asked, len(planned))
        return worthwhile_lanes(planned, capacity.most_lanes())

    def inside(
        self, settings: Settings, scenarios: Mapping[int, Any], lanes: int, number: int, line: Connection
    ) -> None:
        """What a lane's process does: it plays what the run asks for through `line`."""

        from support.run.lane import Lane

        self.formatters.clear()
        self.config.reporters.clear()
        if lanes > 1:
            # What is printed there belongs to no feature that is shown just then.
            log = os.open(settings.log_directory / f"lane-{number}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(log, stream.fileno())
            self.config.userdata["logs"] = str(settings.log_directory / f"lane-{number}")
        self.lane = Lane(self, scenarios, line)
        self.lane.serve()

    def _settings_of_lane(self, settings: Settings, number: int) -> Settings:
        return replace(settings, logs=settings.log_directory / f"lane-{number}") if self._lanes > 1 else settings

    def _play(self, settings: Settings) -> bool:
        reporting = Reporting(settings, self._lanes, self._junit_directory(settings))
        try:
            return self._play_and_report(settings, reporting)
        finally:
            reporting.close()

    def _play_and_report(self, settings: Settings, reporting: Reporting) -> bool:
        planned, count = self._planned, self._lanes
        scenarios = {one.index: one.scenario for one in planned}
        ended: set[int] = set()
        showing = Showing(self.formatters, lambda: lanes.end_early(signal.SIGPIPE))

        def began(lane: int, one: Planned) -> None:
            showing.tell(lambda terminal: terminal.played(lane, one), _is_terminal)

        def tell(one: Planned, record: ScenarioRecord) -> None:
            reporting.add(one.index, record)
            ended.add(id(one.scenario))
            self.undefined_steps.extend(step for step in one.scenario.all_steps if step.status is Status.undefined)
            showing.tell(lambda terminal: terminal.finished(one.index, record), _is_terminal)
            feature = one.scenario.feature
            if all(id(other.scenario) in ended for other in planned if other.scenario.feature is feature):
                showing.tell(
                    lambda formatter: replaying.replay(
                        feature, [formatter], lambda scenario: id(scenario) in ended, self._match_of
                    ),
                    lambda formatter: not _is_terminal(formatter),
                )

        def interrupted() -> None:
            # Who asked may kill the run before its lanes have ended.
            reporting.ended_by = lanes.interrupted_by.name if lanes.interrupted_by else ""
            why = "not run: the run was interrupted"
            left = [one for one in planned if id(one.scenario) not in ended]
            reporting.write({one.index: record_not_run(one.scenario, why) for one in left})

        playing = Playing(
            in_turn(planned, longest_first=count > 1 and settings.order.seed is None),
            tell,
            began,
            lanes=count,
            stop_at_red=self.config.stop,
        )
        lanes = Lanes(
            count,
            max(1, capacity.processors() // 2),
            lambda number, line: self.inside(settings, scenarios, count, number, line),
            starting.hand_over,
            interrupted,
        )
        showing.tell(lambda terminal: terminal.begin(planned, count), _is_terminal)
        lanes.work(playing)
        why = playing.stopped or lanes.gave_up or "the run was interrupted"
        for one in playing.left():
            tell(one, record_not_run(one.scenario, f"not run: {why}"))
        return self._close(reporting, lanes, showing)

    def _close(self, reporting: Reporting, lanes: Lanes, showing: Showing) -> bool:
        if not any(record.is_red for record in reporting.records):
            # Nothing was left to be broken off.
            reporting.ended_by = ""
        with _undisturbed():
            failures = reporting.write()
        notes = [*lanes.notes, *([lanes.gave_up] if lanes.gave_up else [])]
        if reporting.sources_changed:
            notes.append("the platform's sources changed during the run: it shows neither the old nor the new ones")
        showing.tell(lambda terminal: [terminal.note(note) for note in notes], _is_terminal)
        showing.tell(lambda formatter: formatter.close())
        reporters = Showing(self.config.reporters, lambda: None)
        reporters.tell(lambda reporter: [reporter.feature(feature) for feature in self.features])
        reporters.tell(lambda reporter: reporter.end())
        failures += [*showing.failures, *reporters.failures]
        for failure in failures:
            complain(f"behave: {failure}")
        return bool(failures) or any(record.is_red for record in reporting.records)

    def _junit_directory(self, settings: Settings) -> Path | None:
        if not self.config.junit:
            return None
        given = str(self.config.junit_directory)
        return settings.reports / "junit" if given == _JUNIT_OF_BEHAVE_INI else Path(given)

    def _match_of(self, step: Any) -> Any:
        return self.step_registry.find_match(step) or NoMatch()


def _is_terminal(formatter: object) -> bool:
    return isinstance(formatter, Terminal)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal waits until this is over."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _scenarios(features: Iterable[Any]) -> list[Any]:
    """Each scenario as it is run: an outline once for each of its examples."""
    return [scenario for feature in features for scenario in feature.walk_scenarios()]


def _clear(settings: Settings) -> None:
    """What earlier runs left must never be taken for this one's."""
    shutil.rmtree(settings.evidence, ignore_errors=True)
    prepare_reports(settings)
    for left_by_an_earlier_run in settings.log_directory.glob("lane-*"):
        if left_by_an_earlier_run.is_dir():
            shutil.rmtree(left_by_an_earlier_run, ignore_errors=True)
        else:
            left_by_an_earlier_run.unlink()


def _refused(line: str) -> bool:
    print(f"behave: {line}", file=sys.stderr)
    return True


def syntax_error(error: ParserError) -> str:
    """One line for a feature that cannot be read: file, line and reason."""
    place = Path(error.filename or "<text>")
    shown = place.relative_to(CHECKOUT) if place.is_relative_to(CHECKOUT) else place
    what = str(error.args[0]).replace("\n", " ")
    return f"{shown}:{error.line}: no feature that can be read: {what}"


def _refuse_unknown_promises(tags: str) -> None:
    known = {entry["id"] for entry in tomllib.loads(_PROMISES.read_text("utf-8"))["promise"]}
    for promise in re.findall(r"\b[A-Z]{3}-\d+\b", tags):
        if promise not in known:
            near = difflib.get_close_matches(promise, sorted(known), n=1)
            raise Refusal(
                f"no promise is called {promise} (in --tags)" + (f"; did you mean {near[0]}?" if near else "")
            )


def _refuse_empty_outlines(features: Iterable[Any]) -> None:
    """An outline without examples would be neither played nor missed."""
    for feature in features:
        for outline in feature.walk_scenarios(with_outlines=True):
            if outline.type == "scenario_outline" and not outline.scenarios:
                raise Refusal(f"{outline.filename}:{outline.line}: the outline {outline.name!r} has no example")


def _refuse_empty_selection(features: Iterable[Any], config: Any) -> None:
    features = list(features)
    if any(scenario.should_run(config) for scenario in _scenarios(features)):
        return
    tags = str(config.tag_expression)
    words = [word.lstrip("@") for word in re.findall(r"@?[\w.-]+", tags) if word not in ("and", "or", "not", "true")]
    used = {str(tag) for scenario in _scenarios(features) for tag in scenario.effective_tags}
    hints = [f"@{word}: {_nearest(word, used)}" for word in words if word not in used]
    places = ", ".join(str(path) for path in config.paths)
    asked = f" with --tags={tags}" if words else ""
    named = f" with --name={', '.join(config.name)}" if config.name else ""
    raise Refusal(f"no scenario is selected in {places}{asked}{named}" + (f"; {'; '.join(hints)}" if hints else ""))


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"no scenario has this tag, did you mean @{near[0]}?" if near else "no scenario has this tag"


def _shuffle(features: list[Any], chance: random.Random) -> None:
    """Shuffle features, and in each its rules and scenarios. behave runs a feature as a whole."""
    chance.shuffle(features)
    for feature in features:
        for container in (feature, *feature.rules):
            chance.shuffle(container.run_items)
