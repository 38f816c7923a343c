"""The models and the migrations describe the same tables."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from helpdesk import schema
from helpdesk.storage.transaction import Transaction


async def test_a_migrated_database_is_what_the_models_say(tx: Transaction) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_object": lambda _object, name, *_: not (name or "").startswith("pgqueuer")}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata()))

    connection = await tx.session.connection()

    assert await connection.run_sync(differences) == []
