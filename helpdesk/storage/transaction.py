"""One unit of work: one session, one moment, one actor; all of it commits or none does."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient, make_transient_to_detached

from helpdesk.actors import Actor
from helpdesk.storage import ids, inserting, job_queue
from helpdesk.storage.sessions import LazySession
from helpdesk.storage.tables import Base, EventRow, Json

T = TypeVar("T")


class Recordable(Protocol):
    """What `record` needs of an event; domain/events has them all."""

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


@dataclass(frozen=True)
class Reaction:
    """A job that follows an event, where the event's data call for it."""

    job: str
    when: Callable[[Json], bool] = lambda _: True


Reactions = Mapping[str, Sequence[Reaction]]
"""Event name → what follows it."""


_LOCKS = "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key"


@dataclass(slots=True)
class Transaction:
    opened: LazySession
    connection: asyncpg.Connection
    now: datetime
    actor: Actor
    reactions: Reactions = field(default_factory=dict)
    touched: dict[UUID, int] = field(default_factory=dict)
    """Tickets whose events or queue rows changed → their newest version."""
    told: list[Json] = field(default_factory=list)
    """Events as the log has them, where a statement knows them whole: whoever tells of them after the commit
    need not read them again."""
    jobs: list[job_queue.Job] = field(default_factory=list)
    has_queued: bool = False
    """A statement has written jobs together with what they are about."""
    alone: frozenset[str] = frozenset()
    """What no other transaction does while this one lasts; it was begun so."""
    is_autocommit: bool = False
    """Each statement commits by itself, so there may be one that writes."""
    known: dict[tuple[type[Any], UUID], Any] = field(default_factory=dict)
    """What `find` has read."""
    read_once: dict[tuple[Hashable, ...], Any] = field(default_factory=dict)
    """What `once` has read."""
    held: dict[UUID, Any] = field(default_factory=dict)
    """What was read about a ticket under its lock, which keeps it true: its clocks."""

    @property
    def session(self) -> AsyncSession:
        """The ORM's session inside this transaction, made on first use."""
        return self.opened.session

    def new_id(self) -> UUID:
        """A UUIDv7 of this transaction's moment."""
        return ids.new_id(self.now)

    async def record(self, ticket: Versioned, event: Recordable, client_id: UUID | None = None) -> EventRow:
        """Write down what happened to a locked ticket, and the jobs that follow from it."""
        self._require_begun("An event")
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
        await inserting.insert(self.connection, row)
        self.recorded(ticket.id, ticket.version, event.name, event.data())
        return row

    def recorded(self, ticket_id: UUID, version: int, name: str, data: Json) -> None:
        """An event was written, by `record` or by a statement that wrote more at once: its jobs follow."""
        self.touched[ticket_id] = version
        for reaction in self.reactions.get(name, ()):
            if reaction.when(data):
                payload = {"ticket_id": str(ticket_id), "version": version, **_ids(data)}
                self.jobs.append(job_queue.Job(reaction.job, payload))

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
        await inserting.insert(self.connection, row)
        make_transient_to_detached(row)
        self.session.add(row)

    async def update(self, row: Base) -> None:
        """Writes what was changed of a row at once, by the driver, as `insert` does."""
        await inserting.update(self.connection, row)
        make_transient(row)
        make_transient_to_detached(row)
        self.session.add(row)

    async def driver(self) -> asyncpg.Connection:
        """The session's own driver connection, inside the same transaction: for the hot statements."""
        await self.flush()
        return self.connection

    async def plan_once(self) -> None:
        """From here on PostgreSQL plans each of the driver's statements once for a connection, not anew for
        its values: for what is hot and has the same best plan whatever it is asked. Under autocommit nothing
        would hold it: there PostgreSQL finds out by itself, after five of them."""
        if self.is_autocommit:
            return
        await self.connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")

    async def flush(self) -> None:
        """What was changed so far goes to the database."""
        if not self.opened.is_used:
            return
        if self.session.new or self.session.dirty or self.session.deleted:
            await self.session.flush()

    async def one_at_a_time(self, *what: object) -> None:
        """Waits for other transactions that are at the same thing, and holds it until this one ends."""
        key = lock_key(what)
        if key in self.alone:
            return
        self._require_begun("A lock")
        await (await self.driver()).execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)

    async def each_at_a_time(self, whats: Iterable[Sequence[object]]) -> None:
        """`one_at_a_time` for each of them, by one statement and in an order that all keep: so no two
        transactions that ask for several wait for each other."""
        keys = sorted({lock_key(what) for what in whats} - self.alone)
        self._require_begun("A lock")
        if keys:
            await (await self.driver()).execute(_LOCKS, keys)
            self.alone |= set(keys)

    async def once(self, what: tuple[Hashable, ...], read: Callable[[], Awaitable[T]]) -> T:
        """What was read under this name before in this transaction: for what others rarely change."""
        if what not in self.read_once:
            self.read_once[what] = await read()
        answer: T = self.read_once[what]
        return answer

    def _require_begun(self, what: str) -> None:
        if self.is_autocommit:
            raise RuntimeError(f"{what} needs a transaction: under autocommit it would stand alone.")

    def _require_one_statement(self) -> None:
        """A statement may have written events and jobs of its own; nothing else may be left to write then."""
        session = self.opened.session if self.opened.is_used else None
        changed = [*session.new, *session.dirty, *session.deleted] if session is not None else []
        if self.jobs or len(changed) + bool(self.touched or self.has_queued) > 1:
            raise RuntimeError(
                "Under autocommit there is one statement that writes; this needs a transaction."
            )

    @property
    def is_to_finish(self) -> bool:
        """Whether `finish` has anything to do."""
        return bool(self.jobs) or self.opened.is_used

    async def finish(self) -> None:
        """Everything pending goes to the database, the jobs last; the commit is the caller's.

        Errors: RuntimeError where this would be a second statement that commits by itself.
        """
        if self.is_autocommit:
            self._require_one_statement()
        await self.flush()
        if self.jobs:
            await job_queue.enqueue(await self.driver(), self.jobs)


def lock_key(what: Sequence[object]) -> str:
    """The name of a lock that transactions take to do something one at a time."""
    return ":".join(str(word) for word in what)


def _ids(data: Json) -> dict[str, str]:
    """A job's payload carries ids only; the job reads the rest when it runs."""
    return {key: value for key, value in data.items() if key.endswith("_id") and value is not None}
