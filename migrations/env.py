"""Runs migrations on the connection it is handed; helpdesk/storage/migrations.py calls it."""

from alembic import context

from helpdesk import schema

connection = context.config.attributes.get("connection")
context.configure(
    connection=connection,
    target_metadata=schema.metadata(),
    include_object=lambda obj, name, kind, reflected, other: not (name or "").startswith("pgqueuer"),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
