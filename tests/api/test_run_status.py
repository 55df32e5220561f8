"""Status and progress that move forward, or do not."""

import pytest

from support.api.run_status import grow, move_only_forward, never_fall
from tests.api.responses import mismatch


@pytest.mark.parametrize("statuses", [["running", "running", "completed"], ["running", "failed", "failed"]])
def test_statuses_that_move_forward(statuses):
    assert move_only_forward().matches(statuses)


@pytest.mark.parametrize(
    ("statuses", "fault"),
    [
        (["queued", "running", "completed"], "queued was read while the agent waited for the partner already"),
        (["running", "queued", "completed"], "queued was read after running"),
        (["running", "completed", "running"], "running was read after completed"),
        (["running", "completed", "failed"], "failed was read after completed"),
        (["queued", "running"], "the last status was running"),
        (["completed", "completed"], "the status never changed"),
        ([], "the status never changed"),
    ],
)
def test_statuses_that_do_not(statuses, fault):
    assert fault in mismatch(move_only_forward(), statuses)


def test_numbers_that_grow():
    assert grow().matches([0, 1, 3])
    assert never_fall().matches([0, 1, 1])


@pytest.mark.parametrize("numbers", [[1, 0], [1], []])
def test_numbers_that_fall(numbers):
    assert mismatch(never_fall(), numbers)
    assert mismatch(grow(), numbers)


def test_numbers_that_stay():
    assert mismatch(grow(), [0, 1, 1]) == "1 was read after 1"
