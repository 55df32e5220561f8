"""Budgets that the platform never comes near."""

import json

import pytest

from support.bench.budgets import read_budgets
from support.run.results import ResultsMissing


def use(budget, share):
    return {"budget": budget, "limit": 2.0, "used": 2.0 * share, "unit": "seconds", "share": share}


def scenario(name, *uses):
    return {"scenario": name, "budgets": list(uses)}


@pytest.fixture
def read(tmp_path):
    def written(*scenarios):
        results = tmp_path / "results.json"
        results.write_text(json.dumps({"started_at": "2026-11-20T09:30:00+00:00", "scenarios": list(scenarios)}))
        return read_budgets(results)

    return written


def test_closest_use_of_any_scenario_counts(read):
    report = read(
        scenario("One", use("reconnect", 0.01), use("run ends", 0.001)),
        scenario("Two", use("reconnect", 0.3), use("run ends", 0.049)),
        scenario("Three", use("reconnect", 0.02), use("cancel", 0.05)),
    )
    assert [(little.budget, little.share, little.scenario) for little in report.little_used] == [
        ("run ends", 0.049, "Two")
    ]
    assert [closest.budget for closest in report.uses] == ["run ends", "cancel", "reconnect"]


def test_least_used_is_told_first(read):
    head, first, second = read(scenario("One", use("a", 0.04), use("b", 0.002), use("c", 1.0))).lines()
    assert head.endswith("(1 scenarios run at 2026-11-20 09:30): 2 of 3")
    assert first.split() == ["b", "0.20%", "0.004", "of", "2", "seconds", "One"]
    assert second.split()[0] == "a"


def test_all_well_used_lists_none(read):
    report = read(scenario("One", use("a", 0.9)))
    assert report.little_used == []
    assert len(report.lines()) == 1


def test_run_without_budgets_says_so(read):
    assert read(scenario("One")).lines() == ["budgets: 1 scenarios run at 2026-11-20 09:30 used none"]


def test_no_run_is_no_error(tmp_path):
    assert read_budgets(tmp_path / "results.json") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"started_at": "", "scenarios": [{}]}', '{"started_at": "", "scenarios": 3}']
)
def test_damaged_results_are_refused(tmp_path, text):
    results = tmp_path / "results.json"
    results.write_text(text)
    with pytest.raises(ResultsMissing, match="damaged"):
        read_budgets(results)
