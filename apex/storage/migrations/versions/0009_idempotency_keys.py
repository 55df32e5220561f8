"""Requests are made once however often they are sent."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
