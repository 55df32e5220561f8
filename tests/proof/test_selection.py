"""Choosing the defects of a proof."""

from datetime import date, timedelta

import pytest

from support.proof import selection
from support.proof.catalogue import Defect


def defect(id: str, service: str = "worker", scenario: str = "A run hangs") -> Defect:
    return Defect(id, id[:-1], service, "summary", scenario, "step")


CATALOGUE = [
    defect("AEC-01a", scenario="A cost analysis"),
    defect("AEC-01b", "backend", "Another analysis"),
    defect("AEC-02a", "backend"),
    defect("WSE-01a", "auth"),
]


def ids(defects: list[Defect]) -> list[str]:
    return [defect.id for defect in defects]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["AEC-01b"], ["AEC-01b"]),
        (["AEC-01"], ["AEC-01a", "AEC-01b"]),
        (["AEC"], ["AEC-01a", "AEC-01b", "AEC-02a"]),
        (["WSE-01", "AEC-02a", "AEC-02"], ["AEC-02a", "WSE-01a"]),
    ],
)
def test_named(wanted, chosen):
    assert ids(selection.named(wanted, CATALOGUE)) == chosen


@pytest.mark.parametrize("wanted", ["AEC-99", "AEC-01c", "AE", "AEC-", "AEC-0", "aec", ".*", ""])
def test_unknown_id_is_refused(wanted):
    with pytest.raises(selection.UnknownId, match="no defect, promise or category"):
        selection.named(["AEC-01a", wanted], CATALOGUE)


def test_refusal_names_the_nearest():
    with pytest.raises(selection.UnknownId, match=r"did you mean .*AEC-01a"):
        selection.named(["AEC-01x"], CATALOGUE)


def test_eight_days_in_a_row_prove_everything():
    many = [defect(f"AEC-{number:02}a") for number in range(21)]
    for first in (date(2026, 3, 1), date(2026, 12, 28), date(2027, 12, 31)):
        parts = [selection.part_of_day(first + timedelta(days=day)) for day in range(8)]
        assert sorted(parts) == list(range(1, 9))
        assert sorted(ids([each for part in parts for each in selection.part(part, many)])) == ids(many)


@pytest.mark.parametrize(
    ("path", "text", "chosen"),
    [
        ("features/agent_execution/a.feature", "Feature: X\n  Scenario: A cost analysis\n", ["AEC-01a"]),
        ("features/agent_execution/a.feature", "  Scenario Outline: Another analysis\n", ["AEC-01b"]),
        ("features/agent_execution/gone.feature", "", []),
        ("defects/agent_execution/agents.py", '@defect("AEC-02a")', ["AEC-02a"]),
        ("defects/__init__.py", "no id", ["AEC-01a", "AEC-02a", "WSE-01a"]),
        ("apex/backend/runs.py", "", ["AEC-01b", "AEC-02a"]),
        ("apex/storage/stream.py", "", ["AEC-01a", "AEC-02a", "WSE-01a"]),
        ("support/scenario/world.py", "", ["AEC-01a", "AEC-02a", "WSE-01a"]),
        ("environment.py", "", ["AEC-01a", "AEC-02a", "WSE-01a"]),
        ("support/cli/bench.py", "", []),
        ("README.md", "", []),
        ("tests/house/rules.py", "", []),
    ],
)
def test_touched(path, text, chosen):
    assert ids(selection.touched([path], CATALOGUE, lambda _: text)) == chosen


@pytest.mark.parametrize(
    ("path", "text", "left"),
    [
        ("features/agent_execution/a.feature", "Scenario: A cost analysis\n", False),
        ("features/agent_execution/a.feature", "Scenario: Nobody seeds a defect for it\n", True),
        ("features/agent_execution/gone.feature", "", False),
        ("support/scenario/world.py", "x", False),
        ("defects/blind/fresh.py", '@defect("AEC-01xa", not planted yet', False),
        ("defects/loading.py", "no defect at all", False),
        ("README.md", "x", False),
    ],
)
def test_a_change_that_no_defect_is_concerned_by_is_no_success(path, text, left):
    assert selection.unproved([path], CATALOGUE, lambda _: text) == [path] * left
