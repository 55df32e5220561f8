"""How many jobs ran at once, by the partner's requests."""

from dataclasses import replace

import pytest

from support.service_coordination.concurrent_jobs import most_at_once
from tests.service_coordination.partner_requests import request

FIRST, SECOND, LATER = request("/a", 10.0), request("/b", 10.005), request("/c", 10.02)
WAITING, CLOSED = replace(FIRST, answered_at=None), replace(FIRST, answered_at=None, closed_by_client_at=10.001)


@pytest.mark.parametrize(
    ("requests", "most"),
    [
        ([], 0),
        ([FIRST, LATER], 1),
        ([LATER, SECOND, FIRST], 2),
        ([FIRST, request("/b", 10.01)], 1),
        ([WAITING, SECOND, LATER], 2),
        ([CLOSED, SECOND], 1),
    ],
)
def test_requests_that_overlap_are_counted(requests, most):
    assert most_at_once(requests) == most
