"""What an organisation may spend in a month, who has spent it, and the budgets of its teams."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # The driver's own connection: the statements hold colons and percent signs that are no parameters.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP TABLE budgets, expenses, allowance_shares, allowances CASCADE")
