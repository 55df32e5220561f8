"""behave's runner for this suite: refuses bad input in one line, shuffles, and plays the scenarios in lanes."""

import difflib
import os
import random
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from behave.exception import ConfigError
from behave.formatter._registry import make_formatters
from behave.matchers import NoMatch
from behave.model_type import Status
from behave.reporter.junit import JUnitReporter
from behave.runner import Context, Runner, the_step_registry

from support import surroundings
from support.promises import known_promises
from support.refusal import Refusal
from support.run import capacity, durations, features, paths, replaying, starting
from support.run.junit import prepare_junit
from support.run.lanes import Lanes
from support.run.plan import Planned, in_turn, shard, worthwhile_lanes
from support.run.play import Playing
from support.run.record import ScenarioRecord
from support.run.recording import record_not_run
from support.run.reporting import Reporting
from support.run.showing import Showing, complain
from support.run.told import Told
from support.settings import Settings, hold_reports, prepare_reports
from support.stack.errors import StackError

if TYPE_CHECKING:
    from support.platform.target import Target
    from support.run.lane import Lane

_REPORTS = "<reports>"
"""How behave.ini names the folder of the reports, which is a setting."""


class AcceptanceRunner(Runner):  # type: ignore[misc]  # behave has no type marker
    """Runs the features; behave.ini names it."""

    step_registry: Any
    lane: "Lane | None" = None
    """The lane that this process is; None in the run itself."""

    @cached_property
    def target(self) -> "Target":
        """The platform that the run judges."""
        from support.platform.target import Target  # what asks a platform is loaded while the stack starts, not before

        settings = Settings.from_userdata(self.config.userdata)
        return Target.load(settings.target, settings.mode)

    _is_accepted = False
    """Whether everything that was asked for is known to be possible; what goes wrong then is no bad input."""

    def __init__(self, config: Any) -> None:
        if not surroundings.were_left() and _is_plain_behave():
            # It has read more than the checkout's configuration by now, so it begins anew.
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], surroundings.command_environment())
        super().__init__(config)

    def run(self) -> bool:
        """Run everything; true when something failed.

        :raises SystemExit: what was asked for cannot be; it was said in one line.
        """
        try:
            return bool(super().run())
        except (Refusal, ConfigError) as refusal:
            failed = _refused(str(refusal))
            if not self._is_accepted:
                raise SystemExit(2) from None
            return failed
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
        self.load_features()
        _refuse_unknown_promises(str(self.config.tag_expression), self.features)
        _refuse_empty_outlines(self.features)
        _refuse_empty_selection(self.features, self.config)
        if settings.order.seed is not None:
            _shuffle(self.features, random.Random(settings.order.seed))
        if not self.config.dry_run:
            _refuse_faulty(settings)
            self._planned = self.plan(settings)
            self._lanes = self.lanes_for(settings, self._planned)
            junit = self._junit_directory(settings)
            # Until this process and its lanes end.
            hold_reports(settings)
            _clear(settings, junit)
            _prepare_junit(junit, str(settings.shard or ""))
        try:
            self.formatters = make_formatters(self.config, self.config.outputs)
        except OSError as error:
            raise Refusal(f"cannot write to {self._shown(str(error.filename))}: {error.strerror}") from None
        self._is_accepted = True
        self.load_hooks()
        if not self.config.dry_run and "before_steps" in self.hooks:
            self.hooks["before_steps"](self._settings_of_lane(settings, 1))
        self.load_code()
        return self.run_model()

    def run_model(self, features: Any = None) -> bool:
        # Ours is written from the records of the run.
        self.config.reporters = [one for one in self.config.reporters if not isinstance(one, JUnitReporter)]
        if self.config.dry_run:
            # Nothing is run, so there is nothing to report: old results stay what they are.
            self.config.reporters.clear()
            return bool(super().run_model(features))
        return self._play(Settings.from_userdata(self.config.userdata))

    def setup_paths(self) -> None:
        """Find the steps and hooks that belong to the features."""
        # behave looks for them first, and would name a feature that does not exist for its missing steps.
        self.feature_locations()
        super().setup_paths()

    def load_features(self) -> None:
        """Read the features that the command line names."""
        places = [place for place in self.feature_locations() if not self.config.exclude(place)]
        self.features.extend(features.read(places, self.config.lang, self._shown))

    def feature_locations(self) -> list[Any]:
        """The places that the command line names."""
        return features.locations(self.config.paths, self._shown)

    def _place_of(self, error: Exception) -> str:
        """An error of a module of ours in one line: where, and what."""
        if isinstance(error, SyntaxError):
            file, line, what = error.filename, error.lineno, error.msg
        else:
            frames = traceback.extract_tb(error.__traceback__)
            last = [frame for frame in frames if "site-packages" not in frame.filename][-1]
            file, line, what = last.filename, last.lineno, str(error)
        return f"{self._shown(file or '')}:{line}: {type(error).__name__}: {' '.join(what.split())}"

    def _shown(self, path: str) -> str:
        return paths.shown(path, self.config)

    def load_code(self) -> None:
        """Load the steps, and what lanes will need: a lane is forked from here."""
        with redirect_stdout(StringIO()):
            # behave says how it looks for steps, which concerns nobody here.
            try:
                self.load_step_definitions()
            except Exception as error:
                raise Refusal(f"the steps cannot be loaded: {self._place_of(error)}") from error
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
        if self._runs_already(settings):
            if asked is not None and asked > 1:
                raise Refusal(f"the platform {settings.target} runs once and serves one lane; leave out --jobs")
            return 1
        if asked is not None:
            capacity.refuse_too_many(asked)
            return min(asked, len(planned))
        return worthwhile_lanes(planned, capacity.most_lanes())

    @staticmethod
    def _runs_already(settings: Settings) -> bool:
        from support.platform.target import Target  # as in _known_of

        return settings.target != Settings().target and Target.load(settings.target).runs_already

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
        reporting = Reporting(settings, self.target, self._lanes, self._junit_directory(settings))
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
            showing.tell(lambda told: told.played(lane, one), _is_told)

        def tell(one: Planned, record: ScenarioRecord) -> None:
            reporting.version = lanes.version
            reporting.add(one.index, record)
            ended.add(id(one.scenario))
            self.undefined_steps.extend(step for step in one.scenario.all_steps if step.status is Status.undefined)
            showing.tell(lambda told: told.finished(one.index, record), _is_told)
            feature = one.scenario.feature
            if all(id(other.scenario) in ended for other in planned if other.scenario.feature is feature):
                showing.tell(
                    lambda formatter: replaying.replay(
                        feature, [formatter], lambda scenario: id(scenario) in ended, self._match_of
                    ),
                    lambda formatter: not _is_told(formatter),
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
        showing.tell(lambda told: told.begin(planned, count), _is_told)
        lanes.work(playing)
        why = playing.stopped or lanes.gave_up or "the run was interrupted"
        for one in playing.left():
            tell(one, record_not_run(one.scenario, f"not run: {why}"))
        return self._close(settings, reporting, lanes, showing)

    def _close(self, settings: Settings, reporting: Reporting, lanes: Lanes, showing: Showing) -> bool:
        if not any(record.is_red for record in reporting.records):
            # Nothing was left to be broken off.
            reporting.ended_by = ""
        with _undisturbed():
            failures = reporting.write()
        notes = [reporting.platform, *lanes.notes, *([lanes.gave_up] if lanes.gave_up else [])]
        if reporting.sources_changed:
            notes.append("the platform's sources changed during the run: it shows neither the old nor the new ones")
        notes += reporting.gone
        showing.tell(lambda told: [told.note(note) for note in notes], _is_told)
        showing.tell(lambda formatter: formatter.close())
        reporters = Showing(self.config.reporters, lambda: None)
        reporters.tell(lambda reporter: [reporter.feature(feature) for feature in self.features])
        reporters.tell(lambda reporter: reporter.end())
        failures += [*showing.failures, *reporters.failures]
        for failure in failures:
            complain(f"behave: {failure}")
        return bool(failures) or any(each.counts_as_red(settings.known) for each in reporting.records)

    def _junit_directory(self, settings: Settings) -> Path | None:
        if not self.config.junit:
            return None
        return Path(str(self.config.junit_directory).replace(_REPORTS, str(settings.reports)))

    def _match_of(self, step: Any) -> Any:
        return self.step_registry.find_match(step) or NoMatch()


def _refuse_faulty(settings: Settings) -> None:
    """See before anything is started that what others have started can be judged, or used."""
    if settings.target != Settings().target:
        from support.platform.reachability import refuse_faulty  # as in _known_of; the reference platform is tested

        refuse_faulty(settings.target)
    if settings.services != "embedded":
        from support.stack import containers, external  # no other run needs them

        try:
            if settings.services == "external":
                external.places(surroundings.credentials())
            else:
                containers.check()
        except StackError as error:
            raise Refusal(str(error)) from None


def _is_told(formatter: object) -> bool:
    return isinstance(formatter, Told)


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


def _clear(settings: Settings, junit: Path | None) -> None:
    """What earlier runs left must never be taken for this one's."""
    shutil.rmtree(settings.evidence, ignore_errors=True)
    shutil.rmtree(settings.reports / "allure-results", ignore_errors=True)
    if junit != settings.reports / "junit":
        shutil.rmtree(settings.reports / "junit", ignore_errors=True)
    prepare_reports(settings)
    for left_by_an_earlier_run in settings.log_directory.glob("lane-*"):
        if left_by_an_earlier_run.is_dir():
            shutil.rmtree(left_by_an_earlier_run, ignore_errors=True)
        else:
            left_by_an_earlier_run.unlink()


def _prepare_junit(directory: Path | None, shard: str) -> None:
    try:
        if directory is not None:
            prepare_junit(directory, shard)
    except OSError as error:
        raise Refusal(
            f"cannot write JUnit files to {directory} ({error.strerror}); "
            "make it writable, or choose another with --junit-directory=DIR or none with --no-junit"
        ) from None


def _refused(line: str) -> bool:
    print(*(f"behave: {each}" for each in line.splitlines()), sep="\n", file=sys.stderr)
    return True


def _is_plain_behave() -> bool:
    """Whether this process is behave itself, called as a command or as a module."""
    program = Path(sys.argv[0])
    return "behave" in (program.name, program.parent.name)


def _refuse_unknown_promises(tags: str, features: Iterable[Any]) -> None:
    """A key of an issue tracker, OPS-123, is none, unless it begins as promises do and no scenario has it."""
    known = known_promises()
    areas = {promise.partition("-")[0] for promise in known}
    used = {str(tag) for scenario in _scenarios(features) for tag in scenario.effective_tags}
    for promise in re.findall(r"\b[A-Z]{3}-\d+\b", tags):
        if promise.partition("-")[0] in areas and promise not in known | used:
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
