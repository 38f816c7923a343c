"""A plan or an SLA policy may name times for single priorities."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_priority_targets"
down_revision: str | None = "2026_11_22_agents_stay"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("plans", "sla_policies")


def upgrade() -> None:
    for table in TABLES:
        own = sa.Column("priority_targets", postgresql.JSONB(), server_default="{}", nullable=False)
        op.add_column(table, own)


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "priority_targets")
