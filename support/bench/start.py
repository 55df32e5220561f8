"""How long it takes from the command to the first step, beside the bare starts of the services, one after another."""

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.project import NOTED, Project
from support.bench.workbench import Workbench
from support.settings import CHECKOUT
from support.stack.client import Stack, StackError

_FEATURE = f"""\
@first
Feature: The first step
  Rule: It comes soon
    Scenario: Nothing but the first step
      Given {NOTED}
"""
_AIM = Aim(Judged.SUITE, 6.0)


def measure(bench: Workbench) -> list[Measurement]:
    """The command is bin/acceptance on the whole suite, with a selection that does nothing."""
    project = Project(bench.folder / "start", {"first.feature": _FEATURE}, whole_suite=True)
    reports = bench.folder / "start" / "reports"
    command = [str(CHECKOUT / "bin" / "acceptance"), str(project.features), "--tags=@first", f"-Dreports={reports}"]

    def to_first_step() -> float:
        moments = project.run(command, CHECKOUT)
        return moments.first_step - moments.began

    bench.progress("start: warming up")
    to_first_step()
    with bench.start_stack("bare-start") as stack:
        try:
            _stop_services(stack)
            suite, bare = bench.in_turn(
                bench.size.start_rounds, to_first_step, lambda: _one_after_another(stack), "start"
            )
        except StackError as error:
            raise BenchmarkFailed(str(error)) from None
    return [
        Measurement(
            "start",
            "start of the stack",
            "s",
            Side("from the command to the first step, warm", suite),
            Side("the same services' own starts, one after another, summed", bare),
            _AIM,
        )
    ]


def _one_after_another(stack: Stack) -> float:
    """Seconds from process to ready, summed over the services, each started while no other is starting."""
    for service in stack.services():
        if service.twin is None:
            stack.start_service(service.name)
    seconds = sum(service.started_in_seconds or 0.0 for service in stack.services())
    _stop_services(stack)
    return seconds


def _stop_services(stack: Stack) -> None:
    """End all services, those that need others first, so that they burden no other measurement."""
    for service in reversed(stack.services()):
        stack.stop(service.name)
