"""JUnit files made from a run's records."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from support.run.junit import prepare_junit, write_junit
from support.scenario.verdict import Verdict
from tests.run.examples import record, step

RED = record(
    scenario="It is not",
    status="failed",
    verdict=Verdict.VIOLATED,
    steps=(step("it is", "failed"),),
    reason="expected \x1b[31mone\x1b[0m\nbut \x00 was \ud800 & <two>",
    seconds=0.5,
)


def suite(tmp_path, *records):
    write_junit(tmp_path, records)
    (path,) = tmp_path.glob("TESTS-*.xml")
    return path, ElementTree.parse(path).getroot()


def test_a_feature_is_a_suite_with_its_counts_and_time(tmp_path):
    broken = record(status="error", verdict=Verdict.INCONCLUSIVE, scenario="It breaks", seconds=0.25)
    skipped = record(status="skipped", verdict=None, scenario="It cannot", reason="no wings", seconds=0.0)
    never = record(status="untested", verdict=Verdict.INCONCLUSIVE, reason="not run: interrupted", seconds=0.0)
    path, root = suite(tmp_path, record(), RED, broken, skipped, never)
    assert path.name == "TESTS-agent_execution.cancelling.xml"
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "2",
        "time": "2.000",
    }
    case = root.find("testcase")
    assert case is not None
    assert case.get("classname") == "agent_execution.cancelling.AEC-11 A cancelled run ends at once"
    assert case.get("time") == "1.250"
    assert "Given Acme ... passed in 1.000 s" in case.findtext("system-out", "")


def test_the_same_title_under_two_rules_can_be_told_apart(tmp_path):
    _, root = suite(tmp_path, record(), record(promise="AEC-12", rule="Another"))
    assert len({(case.get("classname"), case.get("name")) for case in root}) == 2


def test_the_same_title_twice_in_a_rule_can_be_told_apart(tmp_path):
    _, root = suite(tmp_path, record(), record(line=20))
    assert [case.get("name") for case in root] == ["It is cancelled", "It is cancelled (line 20)"]


def test_a_rule_with_dots_is_one_class(tmp_path):
    _, root = suite(tmp_path, record(rule="Version 1.2 stays"))
    package, _, case_class = str(root[0].get("classname")).rpartition(".")
    assert (package, case_class) == ("agent_execution.cancelling", "AEC-11 Version 1\u20242 stays")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("features/api/cancelling.feature", "TESTS-api.cancelling.xml"),
        ("features/agent_execution.cancelling.feature", "TESTS-agent_execution.cancelling-2.xml"),
        ("/elsewhere/cancelling.feature", "TESTS-elsewhere.cancelling.xml"),
        ("../elsewhere/cancelling.feature", "TESTS-elsewhere.cancelling.xml"),
        ("features/a b/50%#?'\"é.feature", "TESTS-a-b.50-é.xml"),
        (f"features/{'long' * 60}.feature", f"TESTS-{'long' * 30}.xml"),
    ],
)
def test_each_file_has_a_suite_of_its_own(tmp_path, file, name):
    write_junit(tmp_path, [record(), record(file=file)])
    assert {path.name for path in tmp_path.iterdir()} == {"TESTS-agent_execution.cancelling.xml", name}


def test_a_huge_message_is_cut(tmp_path):
    path, root = suite(tmp_path, replace(RED, reason="y" * 1_000_000))
    failure = root.find("testcase/failure")
    assert failure is not None
    assert len(failure.get("message", "")) < 1000
    assert path.stat().st_size < 30_000


def test_parts_of_a_run_share_a_folder(tmp_path):
    write_junit(tmp_path, [record()], shard="1/2")
    write_junit(tmp_path, [record(scenario="Another")], shard="2/2")
    prepare_junit(tmp_path, shard="1/2")
    assert [path.name for path in tmp_path.iterdir()] == ["TESTS-2-of-2.agent_execution.cancelling.xml"]


def test_whatever_a_message_holds_the_file_can_be_read(tmp_path):
    _, root = suite(tmp_path, RED)
    failure = root.find("testcase/failure")
    assert failure is not None
    assert failure.text == "expected one\nbut \\x00 was \\ud800 & <two>"
    assert failure.get("message") == "violated at: Given it is: expected one"


def test_old_files_do_not_stay(tmp_path):
    (tmp_path / "TESTS-old.xml").write_text("old")
    path, _ = suite(tmp_path, record())
    assert path.name != "TESTS-old.xml"
