"""The hooks of a run. What they do is in support.run.session."""

import sys
from typing import Any

from support.run import session
from support.run.records import steps_of, subject_of, verdict_of_steps
from support.settings import Settings
from support.verdict import NotShown


def _progress(line: str) -> None:
    if sys.stdout.isatty():
        print(line, flush=True)


def before_all(context: Any) -> None:
    """Have a platform to play on."""
    session.begin_run(Settings.from_userdata(context.config.userdata), _progress)


def before_scenario(context: Any, scenario: Any) -> None:
    """A world of its own for each scenario."""
    missing = session.present().missing(scenario.effective_tags)
    if missing:
        scenario.skip(missing)
        return
    context.world = session.present().begin(subject_of(scenario))


def after_scenario(context: Any, scenario: Any) -> None:
    """Undo, examine, keep the evidence."""
    if "world" not in context:
        return
    findings = session.present().finish(context.world, verdict_of_steps(scenario), steps_of(scenario))
    if findings:
        violated = any(isinstance(finding.error, AssertionError) for finding in findings)
        raise (session.Spoiled if violated else NotShown)("; ".join(str(finding) for finding in findings))


def after_all(context: Any) -> None:
    """Leave nothing running, except a stack that is to be kept."""
    session.end_run()
