"""Choosing the defects of a proof."""

import subprocess
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


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@apex.test"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    def commit(name: str) -> None:
        (tmp_path / name).write_text(name, encoding="utf-8")
        git("add", name)
        git("commit", "-m", f"Add {name}")

    git("init", "--initial-branch=main")
    commit("first")
    return tmp_path, git, commit


def test_first_commit_has_nothing_to_compare_with(checkout):
    path, _, _ = checkout
    assert selection.changed_paths(path) is None


def test_on_main_the_commit_before_counts(checkout):
    path, _, commit = checkout
    commit("second")
    commit("third")
    assert selection.changed_paths(path) == ["third"]


def test_on_a_branch_its_beginning_counts_and_what_is_uncommitted(checkout):
    path, git, commit = checkout
    commit("second")
    git("checkout", "-b", "work")
    commit("third")
    commit("fourth")
    (path / "first").write_text("edited", encoding="utf-8")
    (path / "new").write_text("unknown to git", encoding="utf-8")
    assert selection.changed_paths(path) == ["first", "fourth", "new", "third"]
