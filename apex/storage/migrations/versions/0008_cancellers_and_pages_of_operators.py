"""Whoever asked for a cancellation is kept until the run has ended; operators read on past the newest runs."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

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
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    migrating.execute("DROP FUNCTION runs_of_all_tenants(text, uuid, timestamptz, uuid, integer);" + _NEWEST_ONLY)
    op.execute("ALTER TABLE runs DROP COLUMN cancel_requested_by")
