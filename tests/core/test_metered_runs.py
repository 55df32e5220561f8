"""When a measured time has come down to what the work itself takes."""

import pytest

from support.metered_runs import settled


@pytest.mark.parametrize("measured", [[1.0, 1.1, 1.05], [2.0, 1.0, 1.09, 3.0, 1.1], [0.5] * 3])
def test_three_that_agree_have_settled(measured):
    assert settled(measured)


@pytest.mark.parametrize("measured", [[], [1.0, 1.0], [1.0, 1.0, 1.2], [1.0, 1.5, 1.5, 1.5], [2.0, 1.0, 1.09, 3.0]])
def test_fewer_or_others_have_not(measured):
    assert not settled(measured)
