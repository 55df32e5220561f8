"""Refresh tokens that were used: showing one again is how theft is noticed."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE spent_refresh_tokens CASCADE")
