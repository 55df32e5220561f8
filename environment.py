"""The hooks of a run. What they do is in support.run."""

import sys
from types import ModuleType
from typing import Any

from support.run import recording, starting
from support.settings import Settings


def _session() -> ModuleType:
    # What plays scenarios is loaded while the stack starts, not before: it takes about as long as the stores need.
    from support.run import session

    return session


def _progress(line: str) -> None:
    if sys.stdout.isatty():
        print(line, flush=True)


def before_steps(settings: Settings) -> None:
    """Begin to start the platform of the first lane, while the steps are loaded."""
    starting.begin(settings)


def before_all(context: Any) -> None:
    """Have a platform to play on."""
    _session().begin_run(Settings.from_userdata(context.config.userdata), _progress)


def before_scenario(context: Any, scenario: Any) -> None:
    """A world of its own for each scenario."""
    missing = _session().present().missing(scenario.effective_tags)
    if missing:
        scenario.skip(missing)
        return
    context.world = _session().present().begin(recording.subject_of(scenario))


def after_scenario(context: Any, scenario: Any) -> None:
    """Undo, and check what was left."""
    if "world" not in context:
        return
    # Where the record of the scenario is made, it is found again.
    scenario.aftermath = _session().present().finish(context.world)
    recording.raise_findings(scenario.aftermath)


def after_all(context: Any) -> None:
    """Leave nothing running, except a stack that is to be kept."""
    _session().end_run()
