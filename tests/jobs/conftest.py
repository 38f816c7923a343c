"""A desk that reads mail, with one pool of child processes for all tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from helpdesk.channels.email.child import Readers
from helpdesk.storage.database import Database
from tests.mail_desk import MailDesk, a_mail_desk


@pytest.fixture(scope="session")
async def readers() -> AsyncIterator[Readers]:
    pool = Readers(1)
    yield pool
    await pool.close()


@pytest.fixture
async def desk(database: Database, tmp_path: Path, readers: Readers) -> MailDesk:
    return await a_mail_desk(database, tmp_path, readers)
