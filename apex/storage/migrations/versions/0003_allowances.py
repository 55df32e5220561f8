"""What an organisation may spend in a month, who has spent it, and the budgets of its teams."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE budgets, expenses, allowance_shares, allowances CASCADE")
