"""Brings a database to the schema of this version, and refuses one that is newer."""

import secrets
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from helpdesk.errors import Conflict

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x48454C50


async def migrate(engine: AsyncEngine, now: datetime) -> None:
    """To the newest schema; two processes at once take turns. Errors: Conflict when it is newer than us."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        await connection.commit()
        try:
            await connection.run_sync(_upgrade)
            await connection.execute(
                text(
                    "INSERT INTO installation (id, epoch, instance, created_at)"
                    " VALUES (1, :epoch, :instance, :now) ON CONFLICT DO NOTHING"
                ),
                {"epoch": secrets.token_hex(8), "instance": secrets.token_hex(8), "now": now},
            )
            await connection.commit()
        finally:
            await connection.rollback()
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            await connection.commit()


async def is_current(engine: AsyncEngine) -> bool:
    """Whether the database has exactly the schema of this version."""
    async with engine.connect() as connection:
        return await connection.run_sync(_current) == _newest()


def _upgrade(connection: Connection) -> None:
    found = _current(connection)
    if found is not None and found not in {script.revision for script in _scripts().walk_revisions()}:
        raise Conflict(
            "schema_newer",
            f"The database has schema {found}, which this version does not know: it is newer. "
            "Install the newer version, or restore a backup made by this one.",
        )
    connection.commit()
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _newest() -> str | None:
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
