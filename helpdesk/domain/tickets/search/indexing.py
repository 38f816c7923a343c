"""Writing the index: new messages soon after they were committed, older ones bit by bit, and anew whatever
is found by words that have changed. Nothing of it is on the way of a message that is being written.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from sqlalchemy import select

from helpdesk.domain.tickets.search import words
from helpdesk.domain.tickets.search.model import Indexed
from helpdesk.storage import ids
from helpdesk.storage.transaction import Transaction

_LATE = 10_000 << 80
"""Ids order by milliseconds: one that is committed ten seconds after it was made is still seen as new."""

# Of a message 100,000 letters: what stands below is not found.
_READ = """
    SELECT m.id, m.ticket_id, t.inbox_id, left(m.body, 100000) AS body, t.number, t.subject,
      c.name AS contact, k.name AS company,
      CASE WHEN m.author_kind = 'contact' THEN m.author_name END AS author,
      CASE WHEN m.author_kind = 'contact' THEN m.mail->>'sender' END AS sender,
      (SELECT string_agg(i.value, ' ') FROM identities i WHERE i.contact_id = c.id) AS addresses,
      (SELECT string_agg(f->>'name', ' ') FROM jsonb_array_elements(m.attachments) f) AS files
    FROM messages m JOIN tickets t ON t.id = m.ticket_id JOIN contacts c ON c.id = t.contact_id
      LEFT JOIN companies k ON k.id = t.company_id
"""

_MISSING = "NOT EXISTS (SELECT FROM message_words w WHERE w.message_id = m.id)"
_NEW = f"{_READ} WHERE m.id > $1 AND {_MISSING} ORDER BY m.id LIMIT $2"
_OLDER = f"{_READ} WHERE m.id < $1 AND {_MISSING} ORDER BY m.id DESC LIMIT $2"
_AGAIN = f"{_READ} WHERE {{of}} AND m.id > $2 ORDER BY m.id LIMIT $3"

_UNINDEXED = f"""
    SELECT least($3,
      (SELECT count(*) FROM (SELECT FROM messages m WHERE m.id > $1 AND {_MISSING} LIMIT $3) AS new)
      + (SELECT count(*) FROM (
          SELECT FROM messages m WHERE m.id < $2 AND m.id <= $1 AND {_MISSING} LIMIT $3) AS older))"""  # noqa: S608  words of our own

_WRITE = """
    INSERT INTO message_words (message_id, ticket_id, inbox_id, words)
    SELECT one.message_id, one.ticket_id, one.inbox_id, one.words::tsvector
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])
      AS one (message_id, ticket_id, inbox_id, words)
    ON CONFLICT (message_id) DO UPDATE
      SET ticket_id = excluded.ticket_id, inbox_id = excluded.inbox_id, words = excluded.words
"""


async def index_new(tx: Transaction, most: int) -> bool:
    """So many messages that are not in the index yet, and as many older ones where it does not go back to
    the first. One at a time. Answers whether there may be more at once."""
    indexed = await _indexed(tx)
    new = await _write(tx, _NEW, UUID(int=max(0, indexed.newest.int - _LATE)), most)
    if new:
        indexed.newest = max(indexed.newest, new[-1])
    older: Sequence[UUID] = ()
    if indexed.before is not None:
        older = await _write(tx, _OLDER, indexed.before, most)
        indexed.before = older[-1] if len(older) == most else None
    return len(new) == most or len(older) == most


async def look_through(tx: Transaction) -> None:
    """From now on all messages are looked at again for such as are missing: committed later than ten seconds
    after their id was made, or with an id of a moment long past."""
    indexed = await _indexed(tx)
    indexed.before = indexed.newest


async def unindexed(tx: Transaction, most: int) -> int:
    """Messages that are not found yet, counted up to `most`: new ones, and what is still to be looked at."""
    indexed = await tx.session.scalar(select(Indexed))
    newest = max(0, indexed.newest.int - _LATE) if indexed else 0
    connection = await tx.driver()
    count = await connection.fetchval(_UNINDEXED, UUID(int=newest), indexed and indexed.before, most)
    return int(count)


async def index_ticket(tx: Transaction, ticket_id: UUID, after: UUID | None, most: int) -> UUID | None:
    """Anew, in portions: the last message of this one, or None where it was the last portion."""
    return await _again(tx, "m.ticket_id = $1", ticket_id, after, most)


async def index_contact(tx: Transaction, contact_id: UUID, after: UUID | None, most: int) -> UUID | None:
    """The same for all tickets of a contact."""
    return await _again(tx, "t.contact_id = $1", contact_id, after, most)


async def _again(tx: Transaction, of: str, whose: UUID, after: UUID | None, most: int) -> UUID | None:
    written = await _write(tx, _AGAIN.format(of=of), whose, after or UUID(int=0), most)
    return written[-1] if len(written) == most else None


async def _indexed(tx: Transaction) -> Indexed:
    found = await tx.session.scalar(select(Indexed))
    if found is None:
        begin = ids.first_id(tx.now)
        found = Indexed(id=1, newest=begin, before=begin)
        tx.session.add(found)
    return found


async def _write(tx: Transaction, statement: str, *asked: UUID | int) -> Sequence[UUID]:
    """In the order of ids, so that two who write the same never wait for each other in a circle. Answers in
    the order of the statement."""
    connection = await tx.driver()
    records = await connection.fetch(statement, *asked)
    in_order = sorted(records, key=lambda record: record["id"])
    if records:
        columns = ([record[name] for record in in_order] for name in ("id", "ticket_id", "inbox_id"))
        await connection.execute(_WRITE, *columns, [_document(record) for record in in_order])
    return [record["id"] for record in records]


def _document(record: asyncpg.Record) -> str:
    people = (record[name] for name in ("contact", "company", "author", "sender", "addresses"))
    return words.document(
        [
            ("A", f"{record['number']} {record['subject']}"),
            ("B", " ".join(dict.fromkeys(name for name in people if name))),
            ("C", record["files"] or ""),
            ("D", record["body"]),
        ]
    )
