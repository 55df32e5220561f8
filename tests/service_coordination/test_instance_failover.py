"""When both instances work on as many jobs as the worker capacity allows."""

import pytest

from support.service_coordination.instance_failover import Workload

FIRST, SECOND = "tools-1", "tools-2"

BOTH = {"run-1": FIRST, "run-2": SECOND}


def test_jobs_on_both_instances_that_wait_at_the_partner_are_a_full_workload():
    assert Workload(BOTH, frozenset(BOTH)).is_full(2, [FIRST, SECOND])


@pytest.mark.parametrize(
    ("running", "waiting", "capacity"),
    [
        ({}, {}, 0),
        (BOTH, BOTH, 3),
        (BOTH, {"run-1"}, 2),
        (BOTH, {"run-1", "run-3"}, 2),
        (dict.fromkeys(BOTH, FIRST), BOTH, 2),
    ],
)
def test_fewer_jobs_or_one_instance_are_not(running, waiting, capacity):
    assert not Workload(running, frozenset(waiting)).is_full(capacity, [FIRST, SECOND])
