"""Planting blind defects: which scenarios are played, what counts as seen; lanes are played by the test itself."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.proof.catalogue import Defect
from support.proof.first_sight import FirstSight, Sighting, closing, scenarios_for
from support.run.lanes import LaneDied
from support.run.orders import LoadDefect, Play, Ready, Refused
from support.run.plan import Planned
from tests.proof.test_proving import drive, played

REPORTS = Path("first_sight")


def one(index: int, promise: str, category: str, timing: bool = False) -> Planned:
    feature = SimpleNamespace(filename=f"features/{category}/a.feature")
    scenario = SimpleNamespace(name=f"Scenario {index}", feature=feature, effective_tags=(promise,))
    return Planned(index, scenario, f"a.feature: Scenario {index}", float(index), timing)


PLANNED = [
    one(0, "AEC-01", "agent_execution"),
    one(1, "AEC-02", "agent_execution"),
    one(2, "AEC-02", "agent_execution", timing=True),
    one(3, "WSE-01", "websocket_events"),
]


def blind(id: str) -> Defect:
    return Defect(id, id[:6], "worker", "a mistake", "", "", blind=True)


def sighting(answer: Callable[[Any], Any], *, alone: bool = True) -> tuple[list[Any], list[Sighting]]:
    """Plant one defect of AEC-02 in one lane; gives every order and what was seen."""
    found: list[Sighting] = []
    source = FirstSight(PLANNED, [blind("AEC-02za")], REPORTS, found.append)
    orders = []
    while (task := source.take(1, alone)) is not None:
        orders += drive(task, answer)
    return orders, found


def red_in(*scenarios: int, status: str = "failed", sound: str = "passed") -> Callable[[Any], Any]:
    def answer(order: Any) -> Any:
        if isinstance(order, LoadDefect):
            return Ready()
        planted = order.reports == REPORTS / "AEC-02za"
        return played(
            f"Scenario {order.index}", (status if planted else sound) if order.index in scenarios else "passed"
        )

    return answer


def test_the_scenarios_of_the_promise_come_first_then_those_of_its_category():
    chosen = scenarios_for(blind("AEC-02za"), PLANNED, False)
    assert [each.index for each in chosen] == [1, 0]
    assert [each.index for each in scenarios_for(blind("AEC-02za"), PLANNED, True)] == [2]


def test_a_violated_scenario_has_seen_it_when_it_is_green_without_the_defect():
    orders, found = sighting(red_in(1))
    assert orders == [
        LoadDefect("worker", "AEC-02za"),
        Play(1, REPORTS / "AEC-02za"),
        LoadDefect("worker", None),
        Play(1, REPORTS / "AEC-02za-sound"),
    ]
    (seen,) = found
    assert (seen.is_seen, seen.scenario, seen.step) == (True, "Scenario 1", "it holds")


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (red_in(), ""),
        (red_in(1, status="error"), "inconclusive: Scenario 1: it holds"),
        (red_in(1, sound="failed"), "red on the sound platform, too: Scenario 1: it holds"),
    ],
    ids=["green", "inconclusive", "red anyway"],
)
def test_anything_else_is_no_sight(answer, note):
    _, (found,) = sighting(answer)
    assert (found.is_seen, found.note) == (False, note)


def test_what_judges_time_is_played_alone_and_last():
    _, found = sighting(red_in(2), alone=False)
    assert found == []
    orders, (seen,) = sighting(red_in(2))
    assert (seen.scenario, orders[-1]) == ("Scenario 2", Play(2, REPORTS / "AEC-02za-sound"))


@pytest.mark.parametrize("failure", [Refused("no room"), LaneDied("the lane died")])
def test_a_defect_that_cannot_be_loaded_was_not_seen(failure):
    _, (found,) = sighting(lambda order: failure)
    assert not found.is_seen
    assert found.note


def test_the_share_is_said_in_all_and_by_category():
    seen, unseen = Sighting("AEC-02za", "a mistake", "A", "b"), Sighting("WSE-01za", "another")
    assert closing([seen, unseen]) == [
        "not seen: WSE-01za  another",
        "AEC  1 of 1 (100%)",
        "WSE  0 of 1 (0%)",
        "seen at first sight: 1 of 2 (50%); the goal is 85%",
    ]
