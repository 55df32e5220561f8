"""Reading results.json."""

import json

import pytest

from support.run.results import ResultsMissing, read_results

SCENARIO = {
    "feature": "F",
    "scenario": "S",
    "tags": ["smoke"],
    "status": "passed",
    "verdict": "proven",
    "steps": [{"name": "one", "status": "passed"}],
}


def written(path, *scenarios):
    path.write_text(json.dumps({"scenarios": scenarios}), encoding="utf-8")
    return path


def test_everything_that_neither_passed_nor_was_skipped_has_failed(tmp_path):
    statuses = ["passed", "failed", "error", "undefined", "untested", "skipped"]
    results = read_results(written(tmp_path / "r.json", *(SCENARIO | {"status": status} for status in statuses)))
    assert results.summary == "1 passed, 3 failed, 1 skipped, 1 not run"


def test_red_step_is_the_first_that_went_wrong(tmp_path):
    steps = [("one", "passed"), ("two", "error"), ("three", "skipped")]
    scenario = SCENARIO | {"steps": [{"name": name, "status": status} for name, status in steps]}
    results = read_results(written(tmp_path / "r.json", scenario, SCENARIO))
    assert [each.red_step for each in results.scenarios] == ["two", None]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"scenarios": [{}]}', '{"scenarios": 3}'])
def test_unreadable_results_are_missing(tmp_path, text):
    path = tmp_path / "results.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultsMissing):
        read_results(path)
