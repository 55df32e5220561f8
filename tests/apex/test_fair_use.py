"""The bucket of a tenant: how much it holds, how it is refilled, and that it is nobody else's."""

import pytest

from apex.http.fair_use import OwnBuckets
from apex.settings import Rate

RATE = Rate(burst=3, per_second=2)


@pytest.fixture
def buckets():
    return OwnBuckets()


def taken(buckets, tenant, count, now):
    return sum(buckets.take(tenant, RATE, now) == 0 for _ in range(count))


def test_as_many_as_the_burst_at_once(buckets):
    assert taken(buckets, "a", 10, 100.0) == 3


def test_each_tenant_has_its_own(buckets):
    taken(buckets, "a", 10, 100.0)
    assert taken(buckets, "b", 10, 100.0) == 3


@pytest.mark.parametrize(("seconds", "more"), [(0.4, 0), (0.5, 1), (1.0, 2), (60.0, 3)])
def test_it_is_refilled_in_time_and_never_above_the_burst(buckets, seconds, more):
    taken(buckets, "a", 10, 100.0)
    assert taken(buckets, "a", 10, 100.0 + seconds) == more


def test_who_waits_as_told_is_admitted_and_not_before(buckets):
    taken(buckets, "a", 3, 100.0)
    wait = buckets.take("a", RATE, 100.0)
    assert buckets.take("a", RATE, 100.0 + wait * 0.9) > 0
    assert buckets.take("a", RATE, 100.0 + wait) == 0
