"""Whoever asked for a cancellation is kept until the run has ended; operators read on past the newest runs."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0008"
down_revision = "0007"

_NEWEST_ONLY = """
CREATE FUNCTION runs_of_all_tenants(wanted_status text, wanted_tenant uuid, size integer)
RETURNS SETOF runs
LANGUAGE sql SECURITY DEFINER STABLE SET search_path = public AS $$
    SELECT * FROM runs
    WHERE (wanted_status IS NULL OR status = wanted_status) AND (wanted_tenant IS NULL OR tenant_id = wanted_tenant)
    ORDER BY created_at DESC LIMIT size
$$;
REVOKE EXECUTE ON FUNCTION runs_of_all_tenants(text, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION runs_of_all_tenants(text, uuid, integer) TO apex_app;
"""


def upgrade() -> None:
    _execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    _execute("DROP FUNCTION runs_of_all_tenants(text, uuid, timestamptz, uuid, integer);" + _NEWEST_ONLY)
    op.execute("ALTER TABLE runs DROP COLUMN cancel_requested_by")


def _execute(statements: str) -> None:
    # The driver's own connection: the statements hold colons and percent signs that are no parameters.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(statements)
