"""The matcher over plans, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.business_data.query_plan_matchers import finds_by_index

BY_INDEX = {"Node Type": "Index Scan", "Relation Name": "threads"}
THROUGH = {"Node Type": "Seq Scan", "Relation Name": "threads"}


@pytest.mark.parametrize(
    "plan",
    [
        {"Node Type": "Limit", "Plans": [BY_INDEX]},
        {"Node Type": "Bitmap Heap Scan", "Plans": [{"Node Type": "Bitmap Index Scan"}]},
        {"Node Type": "Index Only Scan"},
    ],
)
def test_a_plan_by_an_index_is_accepted(plan):
    assert finds_by_index().matches(plan)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"Node Type": "Limit", "Plans": [THROUGH]}, "it read threads through"),
        ({"Node Type": "Nested Loop", "Plans": [BY_INDEX, THROUGH]}, "it read threads through"),
        ({"Node Type": "Gather", "Plans": [{**THROUGH, "Node Type": "Parallel Seq Scan"}]}, "it read threads through"),
        ({"Node Type": "Result"}, "it used none: Result"),
    ],
    ids=["a table read through", "one of two", "by several", "no index"],
)
def test_any_other_is_not(plan, said):
    described = StringDescription()
    assert not finds_by_index().matches(plan)
    finds_by_index().describe_mismatch(plan, described)
    assert str(described) == said
