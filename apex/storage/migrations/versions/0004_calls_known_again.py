"""Tool calls are known again: who carries one out, and what it was answered."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE tool_calls ADD COLUMN owner uuid, ADD COLUMN answer text")


def downgrade() -> None:
    op.execute("ALTER TABLE tool_calls DROP COLUMN owner, DROP COLUMN answer")
