"""What a company bought may begin later and end."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_22_plans_begin_and_end"
down_revision: str | None = "2026_11_22_saved_replies"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    for name in ("plan_begins_at", "plan_ends_at", "plan_measured_at"):
        op.add_column("companies", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in ("plan_measured_at", "plan_ends_at", "plan_begins_at"):
        op.drop_column("companies", name)
