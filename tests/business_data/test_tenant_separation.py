"""The matcher over what a database account reaches, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.business_data.tenant_separation import Reached, reaches_only_rows_of

NEEDED = ("users", "runs")
OURS, THEIRS = "tenant-1", "tenant-2"


@pytest.mark.parametrize(
    ("tenant", "rows"),
    [(OURS, {"users": {OURS: 1}, "runs": {OURS: 3}, "other": {}}), (None, {"users": {}, "runs": {}, "other": {}})],
    ids=["of one tenant in each needed table", "none at all"],
)
def test_rows_of_the_tenant_alone_are_accepted(tenant, rows):
    assert reaches_only_rows_of(tenant, NEEDED).matches(Reached(rows))


@pytest.mark.parametrize(
    ("tenant", "rows", "named"),
    [
        (OURS, {"users": {OURS: 1, THEIRS: 1}, "runs": {OURS: 3}}, "users: rows of tenant-2"),
        (OURS, {"users": {OURS: 1}, "runs": {OURS: 3}, "other": {THEIRS: 1}}, "other: rows of tenant-2"),
        (OURS, {"users": {OURS: 1}, "runs": {}}, "runs: none of tenant-1's rows"),
        (OURS, {"users": {OURS: 1}}, "runs: not looked at"),
        (OURS, {}, "runs: not looked at; users: not looked at"),
        (None, {"users": {}, "runs": {OURS: 1}}, "runs: rows of tenant-1"),
        (None, {"users": {}}, "runs: not looked at"),
        (None, {}, "runs: not looked at"),
    ],
)
def test_anything_else_is_not_and_is_named(tenant, rows, named):
    matcher, described = reaches_only_rows_of(tenant, NEEDED), StringDescription()
    assert not matcher.matches(Reached(rows))
    matcher.describe_mismatch(Reached(rows), described)
    assert str(described).startswith(named)
