"""What a run says of a scenario and of a promise in one word."""

import pytest

from support.platform.capabilities import Capability
from support.run.state import State, worst
from support.scenario.verdict import Verdict
from tests.run.examples import record

VIOLATED = {"status": "failed", "verdict": Verdict.VIOLATED}
SKIPPED = {"status": "skipped", "verdict": None}


@pytest.mark.parametrize(
    ("others", "state"),
    [
        ({}, State.PROVEN),
        (VIOLATED, State.VIOLATED),
        (VIOLATED | {"known": "it blocks"}, State.KNOWN),
        ({"status": "error", "verdict": Verdict.INCONCLUSIVE}, State.INCONCLUSIVE),
        ({"status": "untested", "verdict": Verdict.INCONCLUSIVE}, State.NOT_RUN),
        (SKIPPED, State.SKIPPED),
        (SKIPPED | {"lacking": ("plans",)}, State.LACKING),
    ],
)
def test_a_scenario_is_in_one_state(others, state):
    assert record(**others).state is state
    assert record(**others).to_json()["state"] == state.said
    assert State.said_as(state.said) is state


def test_a_promise_is_in_the_worst_state_of_its_scenarios():
    assert worst([State.PROVEN, State.KNOWN, State.LACKING]) is State.KNOWN
    assert worst([State.KNOWN, State.VIOLATED]) is State.VIOLATED
    assert worst([State.LACKING, State.PROVEN]) is State.PROVEN
    assert worst([]) is State.SKIPPED


def test_an_unknown_state_is_refused():
    with pytest.raises(ValueError, match="there is no state 'good'"):
        State.said_as("good")


def test_only_what_the_platform_lacks_is_a_lacking_capability():
    tags = ("needs.plans", "needs.roles", "needs.wings")
    skipped = record(tags=tags, **SKIPPED)
    assert skipped.played_with({Capability.ROLES}).lacking == ["plans"]
    assert skipped.played_with(set(Capability)).state is State.SKIPPED
    assert record(tags=tags).played_with(set()).lacking == ()
