"""The matcher over query plans, with what it must not accept."""

import pytest
from hamcrest.core.string_description import StringDescription

from support.business_data.pagination_matchers import finds_by_index

OTHERS = {
    "Node Type": "Index Scan",
    "Relation Name": "threads",
    "Index Cond": "(created_at < $1)",
    "Filter": "(lower((user_id)::text) = $2)",
}
BY_INDEX = {"Node Type": "Index Scan", "Relation Name": "threads"}
WHOLE = {"Node Type": "Seq Scan", "Relation Name": "threads"}


@pytest.mark.parametrize(
    "plan",
    [
        {"Node Type": "Limit", "Plans": [BY_INDEX]},
        {"Node Type": "Bitmap Heap Scan", "Plans": [{"Node Type": "Bitmap Index Scan"}]},
        {"Node Type": "Index Only Scan"},
        {**BY_INDEX, "Index Cond": "(user_id = $1)", "Filter": "(tenant_id = $2)"},
    ],
)
def test_a_plan_by_an_index_is_accepted(plan):
    assert finds_by_index(owner="user_id").matches(plan)


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"Node Type": "Limit", "Plans": [WHOLE]}, "it scans all of threads (Seq Scan)"),
        ({"Node Type": "Nested Loop", "Plans": [BY_INDEX, WHOLE]}, "it scans all of threads (Seq Scan)"),
        (
            {"Node Type": "Gather", "Plans": [{**WHOLE, "Node Type": "Parallel Seq Scan"}]},
            "it scans all of threads (Parallel Seq Scan)",
        ),
        ({"Node Type": "Result"}, "it uses no index: Result"),
        (OTHERS, "it reads rows of others in threads, to keep those with (lower((user_id)::text) = $2)"),
    ],
    ids=["a whole table", "one of two", "in parallel", "no index", "rows of others"],
)
def test_any_other_is_not(plan, named):
    described = StringDescription()
    assert not finds_by_index(owner="user_id").matches(plan)
    finds_by_index(owner="user_id").describe_mismatch(plan, described)
    assert str(described) == named
