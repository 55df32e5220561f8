"""What does a load over a pool show?"""

from math import inf

import pytest

from support.database_management.pool_load import PoolLoad, are_as_expected, percentile_of
from support.platform.dialect import Meaning
from support.platform.outcome import Outcome

DONE, MISSING = (Outcome("GET", "/things", 200, meaning=meaning) for meaning in (Meaning.DONE, Meaning.NOT_FOUND))


def test_responses_are_as_expected_when_each_means_what_it_has_to():
    assert are_as_expected().matches([(Meaning.DONE, DONE), (Meaning.NOT_FOUND, MISSING)])


@pytest.mark.parametrize("answers", [[], [(Meaning.DONE, DONE), (Meaning.DONE, MISSING)], [(Meaning.NOT_FOUND, DONE)]])
def test_no_response_and_another_one_are_not(answers):
    assert not are_as_expected().matches(answers)


def test_the_share_of_requests_for_which_no_session_was_begun():
    assert PoolLoad([(Meaning.DONE, DONE)] * 200, 10, {}).reuse == pytest.approx(0.95)


@pytest.mark.parametrize(
    ("counts", "limit"),
    [
        ({0.1: 95, 0.5: 99, inf: 100}, 0.1),
        ({0.1: 94, 0.5: 95, inf: 100}, 0.5),
        ({0.1: 0, 0.5: 94, inf: 100}, inf),
    ],
)
def test_the_limit_within_which_a_share_lies(counts, limit):
    assert percentile_of(counts, 0.95) == limit


@pytest.mark.parametrize("counts", [{}, {0.1: 0, inf: 0}])
def test_no_values_have_no_limit(counts):
    with pytest.raises(ValueError, match="no values"):
        percentile_of(counts, 0.95)
