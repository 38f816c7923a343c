"""Two contacts may turn out to be one person, and stand apart again within a day."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2026_11_22_contact_merges"
down_revision: str | None = "2026_11_22_second_factors"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_ALIKE = r"regexp_replace(value, '^\+\d+(?=\d{9}$)|\+[^@]*(?=@)|\.(?=[^@]*@)', '', 'g')"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("merged_into", sa.UUID()))
    op.create_foreign_key(
        "fk_contacts_merged_into", "contacts", "contacts", ["merged_into"], ["id"], ondelete="CASCADE"
    )
    is_merged = sa.text("merged_into IS NOT NULL")
    op.create_index("ix_contacts_merged_into", "contacts", ["merged_into"], postgresql_where=is_merged)
    op.create_index("ix_contacts_name", "contacts", [sa.text("lower(name)")])
    is_proven = sa.text("verified_at IS NOT NULL")
    op.create_index("ix_identities_alike", "identities", [sa.text(_ALIKE)], postgresql_where=is_proven)
    op.create_table(
        "contact_merges",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.UUID(), nullable=False),
        sa.Column("into_id", sa.UUID(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("merged_by", sa.UUID()),
        sa.Column("merged_by_name", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True)),
        sa.Column("undone_by_name", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_contact_merges"),
        *[
            sa.ForeignKeyConstraint(
                [name], ["contacts.id"], name=f"fk_contact_merges_{name}", ondelete="CASCADE"
            )
            for name in ("contact_id", "into_id")
        ],
    )
    for name in ("contact_id", "into_id"):
        op.create_index(f"ix_contact_merges_{name}", "contact_merges", [name])


def downgrade() -> None:
    op.drop_table("contact_merges")
    op.drop_index("ix_identities_alike", table_name="identities")
    op.drop_index("ix_contacts_name", table_name="contacts")
    op.drop_column("contacts", "merged_into")
