"""What the suite adds to each scenario: world, evidence, canary, oracle, results; beside behave without hooks."""

import sys
from collections.abc import Mapping

from support.bench.measurement import Aim, Judged, Measurement, Side
from support.bench.project import NOTED, NOTHING, Moments, Project
from support.bench.workbench import Workbench
from support.settings import CHECKOUT

_IN_ONE_FEATURE = 10
_AIM = Aim(Judged.DIFFERENCE, 20.0)


def measure(bench: Workbench) -> list[Measurement]:
    """Empty scenarios on a real stack: nobody signs up, nothing is planted, everything is examined."""
    features = empty_features(bench.size.scenarios)
    with_hooks = Project(bench.folder / "scenario", features)
    with_hooks.add_hooks()
    bare = Project(bench.folder / "bare-scenario", features)
    reports = bench.folder / "scenario" / "reports"
    behave = (sys.executable, "-m", "behave")
    settings = (f"-Dstack=attach:{bench.stack.socket_path}", f"-Dreports={reports}")
    suite_command = [*behave, *settings, str(with_hooks.features)]
    bare_command = [*behave, "--no-junit", "--no-summary", "--format=null", str(bare.features)]

    def each(moments: Moments) -> float:
        return (moments.end - moments.first_step) / bench.size.scenarios * 1000

    suite_series, bare_series = bench.in_turn(
        bench.size.scenario_rounds,
        lambda: each(with_hooks.run(suite_command, CHECKOUT)),
        lambda: each(bare.run(bare_command, bench.folder / "bare-scenario")),
        "scenario",
    )
    return [
        Measurement(
            "scenario",
            "a scenario of 5 empty steps",
            "ms",
            Side("world, evidence, canary, oracle, results", suite_series),
            Side("behave without hooks, formatter and reports", bare_series),
            _AIM,
        )
    ]


def empty_features(scenarios: int) -> Mapping[str, str]:
    """Features with that many scenarios of 5 empty steps; the very first step notes the moment."""
    names = [f"Nothing happens for the {number}. time" for number in range(1, scenarios + 1)]
    parts = [names[first : first + _IN_ONE_FEATURE] for first in range(0, scenarios, _IN_ONE_FEATURE)]
    return {f"{number:04}.feature": _feature(number, part) for number, part in enumerate(parts)}


def _feature(number: int, scenarios: list[str]) -> str:
    head = f"Feature: Nothing, part {number}\n  Business goal: none\n\n  Rule: Nothing happens in part {number}\n"
    return head + "".join(_scenario(name, first=not (number or position)) for position, name in enumerate(scenarios))


def _scenario(name: str, first: bool) -> str:
    keywords = ("Given", "And", "When", "Then", "And")
    sentences = [NOTED if first else NOTHING, *[NOTHING] * 4]
    steps = "".join(f"      {keyword} {sentence}\n" for keyword, sentence in zip(keywords, sentences, strict=True))
    return f"\n    Scenario: {name}\n{steps}"
