"""Pictures of agents: one each, small, chosen by themselves, seen by whoever they answer."""

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.errors import Forbidden, NotFound
from helpdesk.storage.tables import Base
from helpdesk.storage.transaction import Transaction


class AgentPicture(Base):
    """A JPEG without anything in it but the picture. `key` is its address, another one for each picture, so
    that browsers may keep it for good and nobody guesses it."""

    __tablename__ = "agent_pictures"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    body: Mapped[bytes]
    changed_at: Mapped[datetime]


async def choose(tx: Transaction, body: bytes) -> None:
    """The acting agent's own; it takes the place of the one before. Errors: Forbidden for whoever is none."""
    chosen = {"key": secrets.token_urlsafe(18), "body": body, "changed_at": tx.now}
    row = insert(AgentPicture).values(agent_id=_own(tx), **chosen)
    await tx.session.execute(row.on_conflict_do_update(index_elements=["agent_id"], set_=chosen))


async def remove(tx: Transaction) -> None:
    """Initials again."""
    await tx.session.execute(delete(AgentPicture).where(AgentPicture.agent_id == _own(tx)))


async def body_of(tx: Transaction, key: str) -> bytes:
    """Errors: NotFound."""
    body: bytes | None = await tx.session.scalar(select(AgentPicture.body).where(AgentPicture.key == key))
    if body is None:
        raise NotFound("picture_not_found")
    return body


async def addresses(tx: Transaction, agent_ids: Collection[UUID]) -> dict[UUID, str]:
    """Of those who have one."""
    query = select(AgentPicture.agent_id, AgentPicture.key).where(AgentPicture.agent_id.in_(agent_ids))
    return {row.agent_id: address(row.key) for row in await tx.session.execute(query)}


def address(key: str) -> str:
    return f"/pictures/{key}.jpg"


def _own(tx: Transaction) -> UUID:
    if tx.actor.agent_id is None:
        raise Forbidden("agent_only")
    return tx.actor.agent_id
