"""What a saved reply does to the ticket it is sent on."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_saved_reply_actions"
down_revision: str | None = "2026_11_22_plans_begin_and_end"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    tags = sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("saved_replies", tags)
    op.add_column(
        "saved_replies", sa.Column("resolves", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("saved_replies", "resolves")
    op.drop_column("saved_replies", "tags")
