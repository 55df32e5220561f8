"""Matchers over what a database account reaches, table by table: is it one tenant's alone?"""

from collections.abc import Collection, Mapping

from hamcrest.core.base_matcher import BaseMatcher
from hamcrest.core.description import Description

Reached = Mapping[str, Mapping[str, int]]
"""Of each table: how many rows of each tenant (by its id) were reached."""


class _RowsOnlyOf(BaseMatcher[Reached]):
    def __init__(self, tenant_id: str | None, needed: Collection[str]) -> None:
        self.tenant_id = tenant_id
        self.needed = needed

    def _faults(self, item: Reached) -> list[str]:
        allowed = {self.tenant_id}
        foreign = [
            f"{table} showed rows of {tenant}" for table, rows in item.items() for tenant in rows.keys() - allowed
        ]
        missing = [
            f"{table} showed none of theirs, which proves nothing"
            for table in sorted(self.needed)
            if self.tenant_id is not None and not item.get(table, {}).get(self.tenant_id)
        ]
        unseen = [f"{table} was not looked at" for table in sorted(self.needed) if table not in item]
        return foreign + missing + unseen

    def _matches(self, item: Reached) -> bool:
        return not self._faults(item)

    def describe_to(self, description: Description) -> None:
        description.append_text(f"rows of {self.tenant_id or 'nobody'} alone, looked for in {', '.join(self.needed)}")

    def describe_mismatch(self, item: Reached, mismatch_description: Description) -> None:
        mismatch_description.append_text("; ".join(self._faults(item)))


def reaches_only_rows_of(tenant_id: str, needed: Collection[str]) -> BaseMatcher[Reached]:
    """Rows of the tenant in each of the needed tables (the control), and of nobody else in any table."""
    return _RowsOnlyOf(tenant_id, needed)


def reaches_no_row(looked_at: Collection[str]) -> BaseMatcher[Reached]:
    """No row in any table, where at least these tables were looked at."""
    return _RowsOnlyOf(None, looked_at)
