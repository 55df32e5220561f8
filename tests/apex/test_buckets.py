"""A bucket: how much it holds, how it is refilled, and that it is nobody else's."""

import pytest

from apex.http.buckets import Bucket, OwnBuckets
from apex.settings import Rate

RATE = Rate(burst=3, per_second=2)
A, B = ([Bucket(name, RATE)] for name in "ab")
BOTH = [*A, *B]


@pytest.fixture
def buckets():
    return OwnBuckets()


def taken(buckets, which, count, now):
    return sum(buckets.take(which, now) == 0 for _ in range(count))


def test_as_many_as_the_burst_at_once(buckets):
    assert taken(buckets, A, 10, 100.0) == 3


def test_each_has_its_own(buckets):
    taken(buckets, A, 10, 100.0)
    assert taken(buckets, B, 10, 100.0) == 3


@pytest.mark.parametrize(("seconds", "more"), [(0.4, 0), (0.5, 1), (1.0, 2), (60.0, 3)])
def test_it_is_refilled_in_time_and_never_above_the_burst(buckets, seconds, more):
    taken(buckets, A, 10, 100.0)
    assert taken(buckets, A, 10, 100.0 + seconds) == more


def test_who_waits_as_told_is_admitted_and_not_before(buckets):
    taken(buckets, A, 3, 100.0)
    wait = buckets.take(A, 100.0)
    assert buckets.take(A, 100.0 + wait * 0.9) > 0
    assert buckets.take(A, 100.0 + wait) == 0


def test_where_one_has_no_room_nothing_is_taken_from_the_others(buckets):
    taken(buckets, A, 3, 100.0)
    assert taken(buckets, BOTH, 5, 100.0) == 0
    assert taken(buckets, B, 5, 100.0) == 3


def test_what_is_given_back_can_be_taken_again(buckets):
    taken(buckets, BOTH, 3, 100.0)
    buckets.give_back(BOTH)
    assert taken(buckets, BOTH, 5, 100.0) == 1


def test_nobody_waits_for_what_a_larger_bucket_had_granted(buckets):
    larger = [Bucket("a", Rate(burst=60, per_second=2))]
    taken(buckets, larger, 60, 100.0)
    assert buckets.take(A, 100.0) == pytest.approx(0.5)
