"""What is read one after the other goes forward, or does not."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.api.run_status_matchers import go_only_forward, grows, never_falls


@pytest.mark.parametrize("states", [["queued", "running", "running", "completed"], ["running", "failed", "failed"]])
def test_states_that_go_forward(states):
    assert go_only_forward().matches(states)


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        (["running", "queued", "completed"], "queued was read after running"),
        (["running", "completed", "running"], "running was read after completed"),
        (["running", "completed", "failed"], "failed was read after completed"),
        (["queued", "running"], "the last was running"),
        (["completed", "completed"], "no state followed another"),
        ([], "no state followed another"),
    ],
)
def test_states_that_do_not(states, fault):
    matcher, described = go_only_forward(), StringDescription()
    assert not matcher.matches(states)
    matcher.describe_mismatch(states, described)
    assert fault in str(described)


def test_numbers_that_grow():
    assert grows().matches([0, 1, 3])
    assert never_falls().matches([0, 1, 1])
    for wrong in ([0, 1, 1], [1, 0], [1], []):
        assert not grows().matches(wrong)
    for wrong in ([1, 0], [1], []):
        assert not never_falls().matches(wrong)
