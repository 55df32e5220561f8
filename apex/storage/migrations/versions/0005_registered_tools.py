"""Tools that operators have added while the platform runs, those that were withdrawn included."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE registered_tools CASCADE")
