"""A plan may be for some channels only; a ticket that came another way says which plan left it out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_plan_channels"
down_revision: str | None = "2026_11_22_priority_targets"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    channels = sa.Column("channels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("plans", channels)
    op.add_column("tickets", sa.Column("left_out_plan_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_tickets_left_out_plan_id_plans", "tickets", "plans", ["left_out_plan_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_column("tickets", "left_out_plan_id")
    op.drop_column("plans", "channels")
