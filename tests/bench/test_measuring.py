"""How figures are taken: in turns, from features that are green, from captures that are whole."""

import sys

import pytest

from support.bench.capture import captured, server
from support.bench.measurement import BenchmarkFailed
from support.bench.message_server import messages
from support.bench.project import NOTED, NOTHING, Project
from support.bench.scenario import empty_features
from support.bench.workbench import QUICK, Workbench
from support.platform.dialect import StreamControl
from support.platform.drivers.apex import DIALECT
from support.platform.story import Event

BEHAVE = [sys.executable, "-m", "behave", "--no-summary", "--format=null"]


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path / "bench", QUICK, progress=lambda _: None)


def test_sides_take_turns_and_alternate_in_beginning(bench):
    turns = []

    def side(name):
        def take():
            turns.append(name)
            return float(len(turns))

        return take

    suite, bare = bench.in_turn(3, side("suite"), side("bare"), "turns")
    assert turns == ["bare", "suite", "suite", "bare", "bare", "suite"]
    assert (suite.values, bare.values) == ((2.0, 3.0, 6.0), (1.0, 4.0, 5.0))


def test_workbench_begins_with_an_empty_folder(tmp_path):
    (tmp_path / "bench" / "old").mkdir(parents=True)
    Workbench(tmp_path / "bench", QUICK, progress=lambda _: None)
    assert list((tmp_path / "bench").iterdir()) == []


def test_empty_features_have_five_steps_a_scenario_and_one_moment():
    texts = empty_features(23).values()
    assert sum(text.count("Scenario:") for text in texts) == 23
    assert sum(text.count(NOTHING) for text in texts) == 23 * 5 - 1
    assert sum(text.count(NOTED) for text in texts) == 1
    assert NOTED in next(iter(texts))


def test_moments_of_a_green_run(tmp_path):
    project = Project(tmp_path / "project", empty_features(2))
    moments = project.run([*BEHAVE, str(project.features)], tmp_path)
    assert moments.began < moments.first_step < moments.end


@pytest.mark.parametrize("sentence", ["nobody knows this sentence", NOTHING])
def test_run_that_is_red_or_notes_no_moment_is_no_measurement(tmp_path, sentence):
    text = f"Feature: Bad\n  Scenario: Bad\n    Given {sentence}\n"
    project = Project(tmp_path / "project", {"bad.feature": text})
    with pytest.raises(BenchmarkFailed, match=r"not green|not played"):
        project.run([*BEHAVE, str(project.features)], tmp_path)


def test_messages_are_events_of_the_platform():
    opening, *events = [each for message in messages(3) for each in DIALECT.decode(message)]
    assert isinstance(opening, StreamControl)
    assert [event.sequence for event in events if isinstance(event, Event)] == [1, 2, 3]


def test_whole_capture_has_a_rate_and_a_part_has_none():
    with server(300) as url:
        assert captured(url, 300) > 0
        with pytest.raises(BenchmarkFailed, match="of 301 events sent the capture has 300"):
            captured(url, 301)


def test_capture_without_a_server_is_no_measurement():
    with server(1) as url:
        pass
    with pytest.raises(BenchmarkFailed, match="cannot be reached"):
        captured(url, 1)
