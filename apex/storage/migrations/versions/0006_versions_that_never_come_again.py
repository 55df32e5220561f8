"""The version of an allowance is another one each time, also after a commit that was lost."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE allowances
            ALTER COLUMN version DROP DEFAULT,
            ALTER COLUMN version TYPE uuid USING gen_random_uuid(),
            ALTER COLUMN version SET DEFAULT gen_random_uuid()
    """)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE allowances
            ALTER COLUMN version DROP DEFAULT,
            ALTER COLUMN version TYPE bigint USING 1,
            ALTER COLUMN version SET DEFAULT 1
    """)
