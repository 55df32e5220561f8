"""The record of a scenario, and reading results.json."""

import json

import pytest

from support.run.record import ScenarioRecord
from support.run.results import ResultsMissing, read_results
from tests.run.examples import record, step


def written(path, *records):
    path.write_text(json.dumps({"scenarios": [each.to_json() for each in records]}), encoding="utf-8")
    return path


def test_what_was_written_is_read_back(tmp_path):
    red = record(status="failed", steps=(step("one", table=(("a",), ("b",))), step("two", "failed", error="no")))
    (read,) = read_results(written(tmp_path / "r.json", red)).scenarios
    assert json.dumps(read.to_json()) == json.dumps(red.to_json())
    assert (read.failed_step, read.is_red) == ("Given two", True)


def test_everything_that_neither_passed_nor_was_skipped_has_failed(tmp_path):
    statuses = ["passed", "failed", "error", "undefined", "untested", "skipped"]
    results = read_results(written(tmp_path / "r.json", *(record(status=status) for status in statuses)))
    assert results.summary == "1 passed, 3 failed, 1 skipped, 1 not run"


def test_the_red_step_is_the_first_that_went_wrong():
    red = record(steps=(step("one"), step("two", "error"), step("three", "failed"), step("four", "skipped")))
    assert red.red_step == red.steps[1]
    assert (record().red_step, record().failed_step) == (None, "")


def test_a_scenario_that_was_skipped_has_no_verdict():
    skipped = record(status="skipped", verdict=None)
    assert ScenarioRecord.from_json(skipped.to_json()).verdict is None
    assert not skipped.is_red


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        '{"scenarios": [{}]}',
        '{"scenarios": 3}',
        json.dumps({"scenarios": [record().to_json() | {"verdict": "good"}]}),
    ],
)
def test_unreadable_results_are_missing(tmp_path, text):
    path = tmp_path / "results.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultsMissing):
        read_results(path)
