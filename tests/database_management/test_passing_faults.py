"""The matcher over the platform's attempts, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.database_management.passing_faults import makes_attempts

GROWING = [0.0, 0.05, 0.2, 0.5]


@pytest.mark.parametrize("times", [GROWING, GROWING[:2], GROWING[:1]])
def test_so_many_attempts_with_growing_pauses(times):
    assert makes_attempts(len(times)).matches(times)


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ([], "there were 0"),
        (GROWING[:3], "there were 3"),
        ([*GROWING, 2.0], "there were 5"),
        ([0.0, 0.05, 0.1, 0.15], "the pauses between them do not grow: 0.050 s, 0.050 s, 0.050 s"),
        ([0.0, 0.4, 0.6, 0.7], "the pauses between them do not grow: 0.400 s, 0.200 s, 0.100 s"),
    ],
)
def test_other_attempts_are_not(times, fault):
    matcher, described = makes_attempts(4), StringDescription()
    assert not matcher.matches(times)
    matcher.describe_mismatch(times, described)
    assert str(described) == fault
