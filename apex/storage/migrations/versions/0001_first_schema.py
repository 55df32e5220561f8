"""The first schema: tables, a policy on each, and the functions that look across tenants."""

from pathlib import Path
from typing import Any

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # The driver's own connection: the statements hold colons and percent signs that are no parameters.
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("DROP OWNED BY CURRENT_USER")
