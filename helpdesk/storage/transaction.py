"""One unit of work: one session, one moment, one actor; all of it commits or none does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached

from helpdesk.actors import Actor
from helpdesk.storage import ids, inserting, job_queue
from helpdesk.storage.tables import Base, EventRow, Json

T = TypeVar("T")


class Recordable(Protocol):
    """What `record` needs of an event; domain/events.py has them all."""

    public: ClassVar[bool]

    @property
    def name(self) -> str: ...

    @property
    def message_id(self) -> UUID | None: ...

    def data(self) -> Json: ...


class Versioned(Protocol):
    """What an event is about: a ticket, locked by this transaction."""

    id: Any
    inbox_id: Any
    version: Any
    public_version: Any


Reactions = Mapping[str, Sequence[str]]
"""Event name → names of the jobs that follow it."""


@dataclass
class Transaction:
    session: AsyncSession
    now: datetime
    actor: Actor
    reactions: Reactions = field(default_factory=dict)
    touched: dict[UUID, int] = field(default_factory=dict)
    """Tickets whose events or queue rows changed → their newest version."""
    jobs: list[job_queue.Job] = field(default_factory=list)
    connection: asyncpg.Connection | None = None
    known: dict[tuple[type[Any], UUID], Any] = field(default_factory=dict)
    """What `find` has read."""
    held: dict[UUID, Any] = field(default_factory=dict)
    """What was read about a ticket under its lock, which keeps it true: its clocks."""

    def new_id(self) -> UUID:
        """A UUIDv7 of this transaction's moment."""
        return ids.new_id(self.now)

    async def record(self, ticket: Versioned, event: Recordable, client_id: UUID | None = None) -> EventRow:
        """Write down what happened to a locked ticket, and the jobs that follow from it."""
        ticket.version += 1
        if event.public:
            ticket.public_version += 1
        row = EventRow(
            ticket_id=ticket.id,
            version=ticket.version,
            public_version=ticket.public_version if event.public else None,
            id=self.new_id(),
            name=event.name,
            actor_kind=self.actor.kind.value,
            actor_id=self.actor.id,
            actor_name=self.actor.name,
            at=self.now,
            client_id=client_id,
            message_id=event.message_id,
            data=event.data(),
        )
        await inserting.insert(await self._connection(), row)
        self.touched[ticket.id] = ticket.version
        for job in self.reactions.get(event.name, ()):
            payload = {"ticket_id": str(ticket.id), "version": ticket.version, **_ids(event)}
            self.jobs.append(job_queue.Job(job, payload))
        return row

    def enqueue(self, job: str, *, after: timedelta | None = None, **payload: Any) -> None:
        """A job row that commits together with everything else in this transaction."""
        self.jobs.append(job_queue.Job(job, payload, after))

    async def find(self, kind: type[T], row_id: UUID) -> T | None:
        """A row by its id, read once in this transaction: for what others rarely change (plans, inboxes,
        agents), never for what is locked. Writes what is pending only to look for it there too."""
        found: T | None = self.known.get((kind, row_id))
        if found is None:
            with self.session.no_autoflush:
                found = await self.session.get(kind, row_id)
            found = found or await self.session.get(kind, row_id)
            self.known[kind, row_id] = found
        return found

    async def insert(self, row: Base) -> None:
        """Writes a new row at once, by the driver: a fraction of what a flush costs. What it refers to must
        have been written before; later changes of it are written like those of a row that was read."""
        await inserting.insert(await self._connection(), row)
        make_transient_to_detached(row)
        self.session.add(row)

    async def driver(self) -> asyncpg.Connection:
        """The session's own driver connection, inside the same transaction: for the hot statements."""
        await self.flush()
        return await self._connection()

    async def flush(self) -> None:
        """What was changed so far goes to the database."""
        if self.session.new or self.session.dirty or self.session.deleted:
            await self.session.flush()

    async def one_at_a_time(self, *what: object) -> None:
        """Waits for other transactions that are at the same thing, and holds it until this one ends."""
        key = ":".join(str(word) for word in what)
        await (await self.driver()).execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)

    async def finish(self) -> None:
        """Everything pending goes to the database, the jobs last; the commit is the caller's."""
        await self.flush()
        if self.jobs:
            await job_queue.enqueue(await self.driver(), self.jobs)

    async def _connection(self) -> asyncpg.Connection:
        if self.connection is None:
            self.connection = await driver_of(self.session)
        return self.connection


async def driver_of(session: AsyncSession) -> asyncpg.Connection:
    """The driver's connection behind a session."""
    raw = await (await session.connection()).get_raw_connection()
    connection: asyncpg.Connection = raw.driver_connection
    return connection


def _ids(event: Recordable) -> dict[str, str]:
    """A job's payload carries ids only; the job reads the rest when it runs."""
    return {key: value for key, value in event.data().items() if key.endswith("_id") and value is not None}
