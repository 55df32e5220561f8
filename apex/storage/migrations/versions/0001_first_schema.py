"""The first schema: tables, a policy on each, and the functions that look across tenants."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0001"
down_revision = None


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP OWNED BY CURRENT_USER")
