"""behave's runner with what a hook cannot do: refuse bad input in one line before anything starts, and shuffle."""

import difflib
import random
import re
import shutil
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from behave.formatter._registry import make_formatters
from behave.parser import ParserError
from behave.runner import Context, Runner
from behave.runner_util import parse_features

from support import starting
from support.formatter import Recorder
from support.refusal import Refusal
from support.settings import CHECKOUT, Settings

_PROMISES = Path(__file__).with_name("promises.toml")


class AcceptanceRunner(Runner):  # type: ignore[misc]  # behave has no type marker
    """Runs the features; behave.ini names it."""

    def run(self) -> bool:
        """Run everything; true when something failed."""
        try:
            return bool(super().run())
        except Refusal as refusal:
            return _refused(str(refusal))
        except ParserError as error:
            return _refused(_syntax(error))
        except KeyboardInterrupt:
            return _refused("interrupted before the first scenario")
        finally:
            starting.abandon()

    def run_with_paths(self) -> bool:
        """As behave has it, but the features come first: once they are known to be good the stack can begin to start.

        Loading hooks and steps takes about as long as the stores need.
        """
        self.context = Context(self)
        settings = Settings.from_userdata(self.config.userdata)
        _refuse_unknown_promises(str(self.config.tag_expression))
        places = [place for place in self.feature_locations() if not self.config.exclude(place)]
        self.features.extend(parse_features(places, language=self.config.lang))
        _refuse_empty_selection(self.features, self.config)
        if not self.config.dry_run:
            starting.begin(settings)
        self.load_hooks()
        self.load_step_definitions()
        self.formatters = make_formatters(self.config, self.config.outputs)
        return self.run_model()

    def run_model(self, features: Any = None) -> bool:
        settings = Settings.from_userdata(self.config.userdata)
        if settings.order.seed is not None:
            _shuffle(self.features, random.Random(settings.order.seed))
        if self.config.dry_run:
            # Nothing is run, so there is nothing to report: old results stay what they are.
            self.config.reporters.clear()
        else:
            self.config.junit_directory = str(settings.reports / "junit")
            for left_by_earlier_runs in (self.config.junit_directory, settings.evidence):
                shutil.rmtree(left_by_earlier_runs, ignore_errors=True)
            self.formatters.append(Recorder(self.config, settings))
        return bool(super().run_model(features))

    def run_hook(self, hook_name: str, *args: Any) -> bool:
        if hook_name == "before_all" and self.should_run_hook(hook_name):
            # behave would report a refusal as an error of the hook, then as "aborted by user".
            with self.context.use_with_user_mode():
                self.hooks[hook_name](self.context)
            return True
        return bool(super().run_hook(hook_name, *args))


def _refused(line: str) -> bool:
    print(f"behave: {line}", file=sys.stderr)
    return True


def _syntax(error: ParserError) -> str:
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


def _refuse_empty_selection(features: Iterable[Any], config: Any) -> None:
    features = list(features)
    if any(
        scenario.should_run(config)
        for feature in features
        if feature.should_run(config)
        for scenario in feature.walk_scenarios()
    ):
        return
    tags = str(config.tag_expression)
    words = [word.lstrip("@") for word in re.findall(r"@?[\w.-]+", tags) if word not in ("and", "or", "not", "true")]
    used = {
        str(tag) for feature in features for scenario in feature.walk_scenarios() for tag in scenario.effective_tags
    }
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
