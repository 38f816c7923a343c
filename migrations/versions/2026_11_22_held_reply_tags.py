"""The tags a held answer brings its ticket when it leaves."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_held_reply_tags"
down_revision: str | None = "2026_11_22_message_words"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    tags = sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("held_replies", tags)


def downgrade() -> None:
    op.drop_column("held_replies", "tags")
