"""The matcher over what a database account reaches, with what it must not accept."""

import pytest
from hamcrest import assert_that

from support.business_data.tenant_separation_matchers import reaches_no_row, reaches_only_rows_of

NEEDED = ("users", "runs")
OURS, THEIRS = "tenant-1", "tenant-2"


def test_rows_of_one_tenant_in_every_needed_table_are_accepted():
    assert_that({"users": {OURS: 1}, "runs": {OURS: 3}, "other": {}}, reaches_only_rows_of(OURS, NEEDED))


@pytest.mark.parametrize(
    "reached",
    [
        {"users": {OURS: 1, THEIRS: 1}, "runs": {OURS: 3}},
        {"users": {OURS: 1}, "runs": {OURS: 3}, "other": {THEIRS: 1}},
        {"users": {OURS: 1}, "runs": {}},
        {"users": {OURS: 1}},
        {},
    ],
    ids=["foreign rows", "foreign rows elsewhere", "none of theirs", "a table left out", "nothing"],
)
def test_anything_else_is_not(reached):
    assert not reaches_only_rows_of(OURS, NEEDED).matches(reached)


def test_no_row_in_any_table_is_accepted():
    assert_that({"users": {}, "runs": {}}, reaches_no_row(NEEDED))


@pytest.mark.parametrize(
    "reached", [{"users": {}, "runs": {OURS: 1}}, {"users": {}}, {}], ids=["a row", "a table left out", "nothing"]
)
def test_a_row_or_a_look_too_few_is_not(reached):
    assert not reaches_no_row(NEEDED).matches(reached)
