"""The order of a proof: first the control, then the defects, by service; lanes are played by the tests themselves."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.proof.catalogue import Defect
from support.proof.proving import Proving
from support.proof.verdicts import Judgement, Proof
from support.run.lanes import LaneDied, Task
from support.run.orders import DRIVER, LoadDefect, Play, Played, Ready, Refused
from support.run.plan import Planned
from support.run.replaying import PlayedModel
from support.scenario.verdict import Verdict
from tests.run.examples import record
from tests.run.examples import step as example_step

REPORTS = Path("proof")


def one(index: int, title: str, timing: bool = False) -> Planned:
    scenario = _scenario(title)
    return Planned(index, scenario, f"features/a.feature: {title}", 1.0, timing)


def _scenario(title: str) -> SimpleNamespace:
    """As much of behave's model as the record of a scenario needs that nobody has played."""
    feature = SimpleNamespace(name="A feature", description=[])
    nothing = {"skip_reason": None, "error_message": None, "duration": 0.0, "all_steps": (), "parent": None}
    untested = SimpleNamespace(name="untested")
    place = {"filename": "features/a.feature", "line": 1, "effective_tags": ()}
    return SimpleNamespace(name=title, feature=feature, status=untested, **place, **nothing)


def defect(id: str, scenario: str, service: str = "worker") -> Defect:
    return Defect(id, id[:6], service, "summary", scenario, "it holds")


def played(title: str, status: str = "passed", step: str = "it holds") -> Played:
    verdict = {"passed": Verdict.PROVEN, "failed": Verdict.VIOLATED}.get(status, Verdict.INCONCLUSIVE)
    went = record(scenario=title, status=status, verdict=verdict, steps=(example_step(step, status),))
    return Played(went, PlayedModel(status, None, None, ()))


class Trial:
    """A proof over some scenarios and defects, and what became of it."""

    def __init__(self, planned: list[Planned], defects: list[Defect], green: list[str] | None = None) -> None:
        self.controlled: list[str] = []
        self.proofs: list[Proof] = []
        self.source = Proving(
            planned,
            green or [],
            defects,
            REPORTS,
            lambda one, result: self.controlled.append(f"{result.scenario} {result.status}"),
            self.proofs.append,
        )

    def orders(self, lane: int, alone: bool, answer: Callable[[Any], Any]) -> list[Any]:
        """Play one lane to its end; gives every order."""
        given = []
        while (task := self.source.take(lane, alone)) is not None:
            given += drive(task, answer)
        return given


def drive(task: Task, answer: Callable[[Any], Any]) -> list[Any]:
    given = []
    try:
        order = next(task)
        while True:
            given.append(order)
            replied = answer(order)
            order = task.throw(replied) if isinstance(replied, Exception) else task.send(replied)
    except StopIteration:
        return given


SCENARIOS = [one(0, "A run hangs"), one(1, "A run ends -- @1.1 "), one(2, "A run ends -- @1.2 ")]
TITLES = {each.index: each.scenario.name for each in SCENARIOS}


def noticing(order: Any) -> Any:
    """A lane in which every defect is noticed."""
    if isinstance(order, LoadDefect):
        return Ready()
    return played(TITLES[order.index], "passed" if order.reports == REPORTS / "control" else "failed")


def test_control_comes_first_and_every_example_is_played_with_the_defect():
    proof = Trial(SCENARIOS, [defect("AEC-01a", "A run ends")])
    assert proof.orders(1, True, noticing) == [
        *(Play(index, REPORTS / "control") for index in range(3)),
        LoadDefect("worker", "AEC-01a"),
        Play(1, REPORTS / "AEC-01a"),
        Play(2, REPORTS / "AEC-01a"),
    ]
    assert [(each.defect.id, each.judgement) for each in proof.proofs] == [("AEC-01a", Judgement.KILLED)]
    assert len(proof.controlled) == 3


def test_controls_pass_through_what_could_spoil_them():
    proof = Trial(SCENARIOS[:1], [defect("AEC-01.1", "A run hangs", DRIVER)])
    assert proof.orders(1, True, noticing) == [
        LoadDefect(DRIVER, None),
        Play(0, REPORTS / "control"),
        LoadDefect(DRIVER, "AEC-01.1"),
        Play(0, REPORTS / "AEC-01.1"),
    ]


def test_what_is_known_to_be_green_is_not_controlled_again():
    proof = Trial(SCENARIOS, [defect("AEC-01a", "A run hangs")], green=[each.name for each in SCENARIOS])
    assert proof.orders(1, True, noticing) == [LoadDefect("worker", "AEC-01a"), Play(0, REPORTS / "AEC-01a")]


def test_a_lane_stays_with_its_service_and_leaves_it_sound():
    defects = [
        defect("AEC-01a", "A run hangs", "auth"),
        defect("AEC-01b", "A run hangs", "worker"),
        defect("AEC-01c", "A run hangs", "auth"),
    ]
    proof = Trial(SCENARIOS, defects, green=[each.name for each in SCENARIOS])
    loads = [order for order in proof.orders(1, True, noticing) if isinstance(order, LoadDefect)]
    assert loads == [
        LoadDefect("auth", "AEC-01a"),
        LoadDefect("auth", "AEC-01c"),
        LoadDefect("auth", None),
        LoadDefect("worker", "AEC-01b"),
    ]


def test_two_lanes_take_different_services():
    defects = [defect(f"AEC-0{number}a", "A run hangs", service) for number, service in enumerate(("auth", "worker"))]
    proof = Trial(SCENARIOS, defects * 1, green=[each.name for each in SCENARIOS])
    first, second = proof.source.take(1, False), proof.source.take(2, False)
    assert first is not None
    assert second is not None
    assert {next(first).service, next(second).service} == {"auth", "worker"}


def test_a_defect_waits_for_the_control_of_its_scenario():
    proof = Trial(SCENARIOS, [defect("AEC-01a", "A run hangs")])
    tasks = [proof.source.take(lane, False) for lane in (1, 2, 3)]
    assert proof.source.take(4, False) is None
    assert tasks[0] is not None
    drive(tasks[0], noticing)
    task = proof.source.take(4, False)
    assert task is not None
    assert next(task) == LoadDefect("worker", "AEC-01a")


@pytest.mark.parametrize("answer", [played("A run hangs", "failed"), LaneDied("lane 1 was killed")])
def test_a_red_control_ends_the_proof(answer):
    proof = Trial(SCENARIOS[:1], [defect("AEC-01a", "A run hangs")])
    assert proof.orders(1, True, lambda order: answer) == [Play(0, REPORTS / "control")]
    assert proof.source.waiting() == 0
    assert len(proof.source.red) == 1
    assert proof.proofs == []


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (Refused("worker died at its start"), "worker does not start: worker died at its start"),
        (LaneDied("lane 1 was killed by SIGKILL"), "lane 1 was killed by SIGKILL"),
    ],
)
def test_a_defect_that_cannot_be_tried_is_inconclusive_and_the_proof_goes_on(answer, note):
    defects = [defect("AEC-01a", "A run hangs"), defect("AEC-01b", "A run hangs")]
    proof = Trial(SCENARIOS, defects, green=[each.name for each in SCENARIOS])
    proof.orders(1, True, lambda order: answer if order == LoadDefect("worker", "AEC-01a") else noticing(order))
    assert [(each.judgement, each.note) for each in proof.proofs] == [
        (Judgement.INCONCLUSIVE, note),
        (Judgement.KILLED, ""),
    ]


def test_what_judges_time_is_proved_when_nothing_else_is_at_work():
    scenarios = [one(0, "A run hangs"), one(1, "Twice as much", timing=True)]
    TITLES[1] = "Twice as much"
    proof = Trial(scenarios, [defect("AEC-01a", "Twice as much"), defect("AEC-01b", "A run hangs")])
    try:
        together = proof.orders(1, False, noticing)
        assert {order.index for order in together if isinstance(order, Play)} == {0}
        assert proof.source.waiting() == 1
        assert proof.orders(1, True, noticing) == [
            LoadDefect("worker", None),  # the control is of the sound platform
            Play(1, REPORTS / "control"),
            LoadDefect("worker", "AEC-01a"),
            Play(1, REPORTS / "AEC-01a"),
        ]
    finally:
        TITLES[1] = SCENARIOS[1].scenario.name
    assert len(proof.proofs) == 2
