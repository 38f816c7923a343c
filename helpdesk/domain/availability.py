"""Who is there to take work: online by an open workspace, away by their own word, offline after silence."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.domain import permissions
from helpdesk.storage.tables import Base
from helpdesk.storage.transaction import Transaction

SILENT_AFTER = timedelta(seconds=30)
"""Without a sign of an open workspace for so long, an agent is offline."""


class State(StrEnum):
    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Availability(Base):
    """One row an agent, made when they first come online. `wanted` is what they chose (online or away);
    `seen_at` the last sign of an open workspace. `claims` counts what they took, `assigned_at` is when
    they last got something. `released` is `all` once their shift was
    seen to be over while they were offline: then not only chats go back to the queue.
    """

    __tablename__ = "availability"

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    wanted: Mapped[str] = mapped_column(server_default="online")
    since: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    claims: Mapped[int] = mapped_column(server_default="0")
    released: Mapped[str] = mapped_column(server_default="nothing")


@dataclass(frozen=True)
class Known:
    """How an agent stands right now, also one who has never been online."""

    state: State
    since: datetime | None
    seen_at: datetime | None


ABSENT = Known(State.OFFLINE, None, None)

_SEEN = text(
    """
    INSERT INTO availability AS known (agent_id, state, wanted, since, seen_at)
    SELECT id, 'online', 'online', :now, :now FROM agents WHERE id = ANY(:agents) AND disabled_at IS NULL
    ON CONFLICT (agent_id) DO UPDATE SET
      seen_at = :now,
      since = CASE WHEN known.state = known.wanted THEN known.since ELSE :now END,
      state = known.wanted,
      released = 'nothing'
    """
)


async def seen(tx: Transaction, agent_ids: list[UUID]) -> None:
    """Their workspaces are open: the word of the sockets, every few seconds."""
    if agent_ids:
        await tx.session.execute(_SEEN, {"agents": sorted(agent_ids), "now": tx.now})


async def choose(tx: Transaction, agent_id: UUID, wanted: State) -> None:
    """Online or away by an agent's own word. It lasts until they say otherwise. Errors: Forbidden."""
    permissions.require_replier(tx.actor)
    is_away = wanted is State.AWAY
    row = insert(Availability).values(
        agent_id=agent_id, state=wanted.value, wanted=wanted.value, since=tx.now,
        seen_at=None if is_away else tx.now,
    )  # fmt: skip
    changed = {"wanted": wanted.value, "state": wanted.value, "since": tx.now, "released": "nothing"}
    seen_at = Availability.seen_at if is_away else tx.now
    await tx.session.execute(
        row.on_conflict_do_update(index_elements=["agent_id"], set_={**changed, "seen_at": seen_at})
    )


async def known_of(tx: Transaction, agent_id: UUID) -> Known:
    row = await tx.session.get(Availability, agent_id, populate_existing=True)
    return ABSENT if row is None else _known(tx, row)


async def all_known(tx: Transaction) -> dict[UUID, Known]:
    query = select(Availability).execution_options(populate_existing=True)
    return {row.agent_id: _known(tx, row) for row in await tx.session.scalars(query)}


def _known(tx: Transaction, row: Availability) -> Known:
    is_silent = row.seen_at is None or row.seen_at < tx.now - SILENT_AFTER
    return Known(State.OFFLINE if is_silent else State(row.state), row.since, row.seen_at)


async def fall_silent(tx: Transaction) -> list[UUID]:
    """Mark as offline whoever has not been seen for too long; answers with who just went."""
    gone = (
        update(Availability)
        .where(
            Availability.state != State.OFFLINE.value,
            func.coalesce(Availability.seen_at, Availability.since) < tx.now - SILENT_AFTER,
        )
        .values(state=State.OFFLINE.value, since=tx.now)
        .returning(Availability.agent_id)
    )
    return list(await tx.session.scalars(gone))


async def not_yet_released(tx: Transaction) -> list[Availability]:
    """Agents who are offline and whose shift was not yet seen to be over."""
    query = select(Availability).where(
        Availability.state == State.OFFLINE.value, Availability.released != "all"
    )
    return list(await tx.session.scalars(query.with_for_update(skip_locked=True)))


async def online(tx: Transaction) -> list[UUID]:
    query = select(Availability.agent_id).where(
        Availability.state == State.ONLINE.value, Availability.seen_at >= tx.now - SILENT_AFTER
    )
    return list(await tx.session.scalars(query))
