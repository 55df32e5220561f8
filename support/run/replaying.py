"""What a lane tells of behave's model, and showing it to behave's own formatters as if it had run here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from behave.model import Rule
from behave.model_type import Status

from support.reported import reported


@dataclass(frozen=True, slots=True)
class PlayedError:
    """An exception by the name of its class and its text: the object itself need not be fit for another process."""

    kind: str
    text: str

    def exception(self) -> Exception:
        """An exception that a formatter or reporter shows as it would the original."""
        made: Exception = type(self.kind, (Exception,), {})(self.text)
        return made


@dataclass(frozen=True, slots=True)
class PlayedStep:
    """How a step went; seconds, and behave's name for its status."""

    status: str
    seconds: float
    error_message: str | None
    error: PlayedError | None


@dataclass(frozen=True, slots=True)
class PlayedModel:
    """How a scenario went, as behave's model knows it."""

    status: str
    skip_reason: str | None
    error_message: str | None
    steps: tuple[PlayedStep, ...]


def model_of(scenario: Any) -> PlayedModel:
    """What there is to tell of a scenario that has ended."""
    steps = tuple(
        PlayedStep(step.status.name, step.duration, _text(step.error_message), _error(step.exception))
        for step in scenario.all_steps
    )
    return PlayedModel(scenario.status.name, _text(scenario.skip_reason), _text(scenario.error_message), steps)


def _error(error: BaseException | None) -> PlayedError | None:
    return None if error is None else PlayedError(type(error).__name__, reported(str(error)))


def _text(message: object) -> str | None:
    return None if message is None else reported(str(message))


def apply(scenario: Any, played: PlayedModel) -> None:
    """Have a scenario of this process's model look as if it had been run here."""
    for step, was in zip(scenario.all_steps, played.steps, strict=True):
        step.status = Status.from_name(was.status)
        step.duration = was.seconds
        step.error_message = was.error_message
        step.exception = None if was.error is None else was.error.exception()
    if played.status == "skipped":
        scenario.should_skip, scenario.skip_reason = True, played.skip_reason
    scenario.error_message = played.error_message
    scenario.set_status(Status.from_name(played.status))


def replay(
    feature: Any, formatters: Iterable[Any], was_played: Callable[[Any], bool], match_of: Callable[[Any], Any]
) -> None:
    """Tell formatters of a feature whose scenarios have ended, in the order in which they are written."""
    for formatter in formatters:
        if not any(was_played(scenario) for scenario in feature.walk_scenarios()):
            continue
        formatter.uri(feature.filename)
        formatter.feature(feature)
        _replay_container(feature, formatter, was_played, match_of)
        formatter.eof()


def _replay_container(
    container: Any, formatter: Any, was_played: Callable[[Any], bool], match_of: Callable[[Any], Any]
) -> None:
    if container.background:
        formatter.background(container.background)
    for item in container.run_items:
        if isinstance(item, Rule):
            if any(was_played(scenario) for scenario in item.walk_scenarios()):
                formatter.rule(item)
                _replay_container(item, formatter, was_played, match_of)
                if hasattr(formatter, "rule_finished"):
                    formatter.rule_finished()
            continue
        for scenario in getattr(item, "scenarios", [item]):
            if was_played(scenario):
                _replay_scenario(scenario, formatter, match_of)


def _replay_scenario(scenario: Any, formatter: Any, match_of: Callable[[Any], Any]) -> None:
    formatter.scenario(scenario)
    for step in scenario.all_steps:
        formatter.step(step)
    for step in scenario.all_steps:
        if step.status not in (Status.skipped, Status.untested):
            formatter.match(match_of(step))
            formatter.result(step)
