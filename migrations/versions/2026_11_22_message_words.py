"""The words messages are found by. A table of its own, which a duty fills: no table that is in use is
locked or rewritten, however many messages there are."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_message_words"
down_revision: str | None = "2026_11_22_saved_reply_actions"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "message_words",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("inbox_id", sa.Uuid(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_words")),
    )
    op.create_index(
        "ix_message_words_words",
        "message_words",
        ["words"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "512"},
    )
    op.create_index("ix_message_words_ticket", "message_words", ["ticket_id", "message_id"])
    op.create_index("ix_message_words_inbox", "message_words", ["inbox_id", "message_id"])
    op.create_table(
        "indexed_messages",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("newest", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indexed_messages")),
    )


def downgrade() -> None:
    op.drop_table("indexed_messages")
    op.drop_table("message_words")
