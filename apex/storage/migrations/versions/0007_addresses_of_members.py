"""An e-mail address has one account among those that are members; whoever was removed gives theirs back."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("DROP INDEX users_email")
    op.execute("CREATE UNIQUE INDEX users_email ON users (lower(email)) WHERE removed_at IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX users_email")
    op.execute("CREATE UNIQUE INDEX users_email ON users (lower(email))")
