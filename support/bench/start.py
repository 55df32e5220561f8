"""How long it takes from the command to the first step, beside the bare starts of the services, one after another."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from support.bench.measurement import Aim, BenchmarkFailed, Judged, Measurement, Side
from support.bench.project import NOTED, Project
from support.bench.series import Series
from support.bench.workbench import Workbench
from support.settings import CHECKOUT
from support.stack.apex import INSTANCES
from support.stack.client import Stack, StackError

_FEATURE = f"""\
@first
Feature: The first step
  Rule: It comes soon
    Scenario: Nothing but the first step
      Given {NOTED}
"""
_AIM = Aim(Judged.SUITE, 4.0)
# What the supervisor notes of each service when it is ready: the moment on the clock of all processes, and the name.
_READY = re.compile(r"^([\d.]+) (\S+) ready in [\d.]+ s$", re.MULTILINE)
_PARTS: Mapping[str, Callable[[str], bool]] = {
    "until the packages are imported": lambda name: name == "forkserver",
    "until PostgreSQL and its replica are ready": lambda name: name.startswith("postgres"),
    "until ClickHouse is ready": lambda name: name == "clickhouse",
    "until the cloud (moto) is ready": lambda name: name == "cloud",
    "until the platform is ready": lambda name: name in INSTANCES,
}


def measure(bench: Workbench) -> list[Measurement]:
    """The command is bin/acceptance on the whole suite, with a selection that does nothing."""
    project = Project(bench.folder / "start", {"first.feature": _FEATURE}, whole_suite=True)
    reports = bench.folder / "start" / "reports"
    command = [str(CHECKOUT / "bin" / "acceptance"), str(project.features), "--tags=@first", f"-Dreports={reports}"]

    parts: dict[str, list[float]] = {label: [] for label in _PARTS}

    def to_first_step() -> float:
        moments = project.run(command, CHECKOUT)
        ready = _ready_moments(reports / "logs" / "supervisor.log")
        for label, belongs in _PARTS.items():
            parts[label].append(max(moment for name, moment in ready.items() if belongs(name)) - moments.began)
        return moments.first_step - moments.began

    bench.progress("start: warming up")
    to_first_step()
    for figures in parts.values():
        figures.clear()
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
            parts=tuple(Side(label, Series(tuple(figures))) for label, figures in parts.items()),
        )
    ]


def _ready_moments(log: Path) -> dict[str, float]:
    """Service to the moment (monotonic seconds) at which it was ready; BenchmarkFailed without any."""
    found = {name: float(moment) for moment, name in _READY.findall(log.read_text(encoding="utf-8"))}
    if not found:
        raise BenchmarkFailed(f"{log} does not say when services were ready")
    return found


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
