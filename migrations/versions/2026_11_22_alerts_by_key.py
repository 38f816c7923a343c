"""Alerts are looked for by what they are about, the last one first."""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_22_alerts_by_key"
down_revision: str | None = "2026_11_22_agent_pictures"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_alerts_dedup_key", "alerts", ["dedup_key", "closed_at"])


def downgrade() -> None:
    op.drop_index("ix_alerts_dedup_key", table_name="alerts")
