"""What is remembered of how long scenarios last."""

import pytest

from support.run import durations
from tests.run.examples import record


def test_what_was_measured_here_counts_before_what_is_recorded(tmp_path):
    own = tmp_path / "durations.json"
    durations.remember(own, {"a": 1.004, "b": 2.0})
    durations.remember(own, {"b": 3.0})
    assert durations.recorded(own) == {"a": 1.0, "b": 3.0}
    assert durations.known(own).items() >= {"a": 1.0, "b": 3.0}.items()
    assert durations.known(own).keys() >= durations.recorded().keys()


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"a": "soon"}'])
def test_a_file_that_cannot_be_read_counts_for_nothing(tmp_path, text):
    own = tmp_path / "durations.json"
    own.write_text(text)
    assert durations.recorded(own) == {}
    durations.remember(own, {"a": 1.0})
    assert durations.recorded(own) == {"a": 1.0}


def test_only_what_ran_to_its_end_is_measured():
    records = [record(name=name, seconds=1.5, status=status) for name, status in (("a", "passed"), ("b", "failed"))]
    assert durations.measured_by(records) == {"a": 1.5}


def test_the_suite_keeps_a_record():
    recorded = durations.recorded()
    assert len(recorded) > 100
    assert all(seconds >= 0 for seconds in recorded.values())
