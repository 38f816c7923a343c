"""One name for one saved reply, whoever is a moment faster."""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_22_saved_reply_names"
down_revision: str | None = "2026_11_22_held_reply_tags"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        # Of those that two people named alike in one moment, the first keeps the name.
        """UPDATE saved_replies SET name = left(name, 66) || ' #' || right(id::text, 12)
           WHERE id IN (
             SELECT id FROM (
               SELECT id, row_number() OVER (
                 PARTITION BY agent_id, inbox_id, lower(name) ORDER BY created_at, id
               ) AS place FROM saved_replies
             ) AS named WHERE place > 1
           )"""
    )
    op.execute(
        """CREATE UNIQUE INDEX uq_saved_replies_name
           ON saved_replies (lower(name), agent_id, inbox_id) NULLS NOT DISTINCT"""
    )


def downgrade() -> None:
    op.drop_index("uq_saved_replies_name", "saved_replies")
