"""What cannot be delivered is set aside, with the reason, and holds up nothing."""

from pathlib import Path

from alembic import op

from apex.storage import migrating

revision = "0010"
down_revision = "0009"

_ALL_OF_THEM = """
DROP FUNCTION outbox_failed(bigint, text, double precision, boolean);
DROP FUNCTION outbox_set_aside(integer);
DROP FUNCTION outbox_again();
CREATE OR REPLACE FUNCTION outbox_batch(wanted text, size integer)
RETURNS SETOF outbox
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    SELECT * FROM outbox WHERE topic = wanted ORDER BY id LIMIT size FOR UPDATE SKIP LOCKED
$$;
"""


def upgrade() -> None:
    migrating.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    migrating.execute(_ALL_OF_THEM)
    for column in ("attempts", "next_attempt_at", "set_aside_at", "reason"):
        op.drop_column("outbox", column)
