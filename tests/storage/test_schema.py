"""The models and the migrations describe the same tables."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from helpdesk import schema
from helpdesk.storage.transaction import Transaction
from tests.factories import an_agent


async def test_a_migrated_database_is_what_the_models_say(tx: Transaction) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_object": lambda _object, name, *_: not (name or "").startswith("pgqueuer")}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata()))

    connection = await tx.session.connection()

    assert await connection.run_sync(differences) == []


@pytest.mark.parametrize(
    "statement", ["DELETE FROM agents", "UPDATE agents SET id = gen_random_uuid()", "TRUNCATE agents CASCADE"]
)
async def test_no_agent_is_ever_deleted_since_tickets_name_them(tx: Transaction, statement: str) -> None:
    await an_agent(tx)
    connection = await tx.session.connection()

    with pytest.raises(IntegrityError, match="disabled, never deleted"):
        await connection.exec_driver_sql(statement)
