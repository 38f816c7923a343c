"""Agents stay: the table itself refuses to lose one, so a claim need not lock its agent's row to say so."""

from collections.abc import Sequence

from alembic import op

revision: str = "2026_11_22_agents_stay"
down_revision: str | None = "2026_11_22_contact_merges"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.execute(
        """CREATE FUNCTION agents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             RAISE EXCEPTION 'Agents are disabled, never deleted: their tickets name them.'
               USING ERRCODE = 'restrict_violation';
           END $$"""
    )
    op.execute(
        """CREATE TRIGGER agents_stay BEFORE DELETE OR UPDATE OF id OR TRUNCATE ON agents
           FOR EACH STATEMENT EXECUTE FUNCTION agents_stay()"""
    )
    op.drop_constraint("fk_tickets_assignee_id", "tickets", type_="foreignkey")


def downgrade() -> None:
    op.create_foreign_key("fk_tickets_assignee_id", "tickets", "agents", ["assignee_id"], ["id"])
    op.execute("DROP TRIGGER agents_stay ON agents")
    op.execute("DROP FUNCTION agents_stay()")
