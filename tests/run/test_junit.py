"""JUnit files made from a run's records."""

from xml.etree import ElementTree

from support.run.junit import write_junit
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


def test_two_files_of_one_name_have_a_suite_each(tmp_path):
    write_junit(tmp_path, [record(), record(file="features/api/cancelling.feature")])
    assert {path.name for path in tmp_path.iterdir()} == {
        "TESTS-agent_execution.cancelling.xml",
        "TESTS-api.cancelling.xml",
    }


def test_whatever_a_message_holds_the_file_can_be_read(tmp_path):
    _, root = suite(tmp_path, RED)
    failure = root.find("testcase/failure")
    assert failure is not None
    assert failure.text == "expected one\nbut � was � & <two>"
    assert failure.get("message") == "violated at: Given it is: expected one"


def test_old_files_do_not_stay(tmp_path):
    (tmp_path / "TESTS-old.xml").write_text("old")
    path, _ = suite(tmp_path, record())
    assert path.name != "TESTS-old.xml"
